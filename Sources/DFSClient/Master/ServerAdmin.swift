import DFSCore
import DFSServices
import DFSWire

/// What an operator wants of a chunk server.
public enum ServerDuty: String, Sendable {
    /// It takes chunks, and its copies count.
    case normal
    /// It is being emptied for good.
    case decommissioning
    /// It is empty but for copies that nobody needs: it can be stopped.
    case decommissioned
    /// It may be away for a time.
    case maintenance
    /// Of a master that is newer than this client.
    case unknown
}

/// How far a chunk server has come on its way out of service, or that it serves.
public struct ServerProgress: Sendable, Equatable {
    /// A chunk that would have too few copies without the server.
    public struct Chunk: Sendable, Equatable {
        /// As chunk servers name it.
        public let id: String
        /// Of its file.
        public let path: String
        /// On other servers, that count.
        public let copies: Int
        /// Of those.
        public let wanted: Int
    }

    /// As it was registered.
    public let server: String
    /// What an operator wants of it, and whether that is reached.
    public let duty: ServerDuty
    /// Whether it can be stopped: no chunk would have too few copies.
    public let isReady: Bool
    /// Of a maintenance.
    public let secondsLeft: Int
    /// Chunks that would have too few copies without it, as the master found last.
    public let blockingCount: Int
    /// Some of them.
    public let examples: [Chunk]
    /// Why it is not ready; empty where nothing but the chunks is in the way.
    public let reason: String

    init(_ state: ServerState) {
        server = state.server
        duty = ServerDuty(rawValue: state.state) ?? .unknown
        isReady = state.isReady
        secondsLeft = Int(clamping: state.secondsLeft)
        blockingCount = Int(clamping: state.blockingCount)
        examples = state.examples.map {
            Chunk(id: $0.chunkID, path: $0.path, copies: Int($0.copies), wanted: Int($0.wanted))
        }
        reason = state.reason
    }
}

extension MasterClient {
    /// As ``DFSClient/setDuty(_:of:for:)``.
    func setDuty(_ duty: ServerDuty, of server: String, for time: Duration) async throws -> ServerProgress {
        let address = try ServerAddress(server)
        try await requireSwift("take chunk servers out of service")
        let request = SetServerStateRequest(
            server: address.description, state: duty.rawValue,
            seconds: UInt64(clamping: time.components.seconds + (time.components.attoseconds > 0 ? 1 : 0)))
        return ServerProgress(
            try await call(Methods.setServerState, request, as: SetServerStateResponse.self).state)
    }

    /// As ``DFSClient/progress(of:)``.
    func progress(of server: String) async throws -> ServerProgress {
        let address = try ServerAddress(server)
        try await requireSwift("take chunk servers out of service")
        let request = GetServerStateRequest(server: address.description)
        return ServerProgress(
            try await call(Methods.getServerState, request, as: GetServerStateResponse.self).state)
    }
}

extension DFSClient {
    /// Says what a chunk server is for from now on. Durable when it returns; the same again changes nothing, except that a
    /// maintenance begins anew, and that a server to be decommissioned which has been silent for half a minute by now is waited for no
    /// more: files of Go clients that are being verified are complete without it, or given up.
    ///
    /// - Parameters:
    ///   - duty: `normal`, `decommissioning` or `maintenance`.
    ///   - server: its address as ``servers()`` shows it.
    ///   - time: of a maintenance.
    /// - Throws: ``DFSError`` of code `notFound` for an unknown server, `invalidArgument` for a time that is too long,
    ///   `failedPrecondition` for the maintenance of one that is being decommissioned, `unavailable` in safe mode,
    ///   `unimplemented` under a Go master.
    @discardableResult
    public func setDuty(
        _ duty: ServerDuty, of server: String, for time: Duration = .zero
    ) async throws -> ServerProgress {
        try await master.setDuty(duty, of: server, for: time)
    }

    /// Tells what would have too few copies without a chunk server that is on its way out of service.
    ///
    /// - Throws: ``DFSError`` of code `notFound` for an unknown server, `unimplemented` under a Go master.
    public func progress(of server: String) async throws -> ServerProgress {
        try await master.progress(of: server)
    }
}
