import DFSCore
import DFSServices
import DFSWire
import Logging
import NIOPosix
import RPC
import Synchronization

/// A master for tests that behaves as WIRE.md says of a Go master, and with `isSwift` answers Describe and Report too.
final class TestMaster: Sendable {
    enum Event: Sendable, Equatable {
        case heartbeat(HeartbeatRequest)
        case inventory(InventoryRequest)
        case refusedHeartbeat
        case registered(RegisterChunkServerRequest)
        case reported(ReportRequest)
        case renewed(RenewLeasesRequest)
        /// The server half-closed its heartbeat stream in order.
        case heartbeatsEnded
    }

    fileprivate struct State {
        var registered: Set<String> = []
        /// Given with the next responses, as often as the count says.
        var tasks: [(response: HeartbeatResponse, times: Int)] = []
        var unwanted: [String] = []
        /// What UploadTargets answers, for whatever chunk; `nil` makes it fail.
        var targets: [String]? = []
        /// Answers Leases/Renew.
        var leases: (@Sendable (RenewLeasesRequest) async throws -> RenewLeasesResponse)?
        /// What the servers have told of, where differences are taken.
        var told: Set<String> = []
        var digest = InventoryDigest(key: .init(low: 0, high: 0))
        /// Digests that were not those of what was told.
        var wrongDigests = 0
        /// Given with the next answers to differences.
        var answers: [InventoryResponse] = []
        var reportGate: (@Sendable () async throws -> Void)?
    }

    let events = Recorder<Event>()
    private let server: RPCServer
    private let state: Box
    let port: UInt16

    private final class Box: Sendable {
        let state = Mutex(State())
    }

    /// Listens on loopback; `port` 0 lets the system choose.
    init(
        isSwift: Bool, takesDifferences: Bool = false, host: String = "127.0.0.1", port: UInt16 = 0,
        group: MultiThreadedEventLoopGroup
    ) async throws {
        let box = Box()
        state = box
        var routes = ServiceRoutes()
        let events = events
        routes.unary(Methods.registerChunkServer) { (request: RegisterChunkServerRequest, _) in
            _ = box.state.withLock { $0.registered.insert(request.serverAddress) }
            events.add(.registered(request))
            return RegisterChunkServerResponse(success: true)
        }
        routes.streaming(Methods.heartbeat, maxReceive: HeartbeatRequest.maxByteCount) { call in
            while let request = try await call.receive(HeartbeatRequest.self) {
                guard isSwift || box.state.withLock({ $0.registered.contains(request.serverAddress) }) else {
                    events.add(.refusedHeartbeat)
                    throw RPCError(.unknown, "server not registered")
                }
                events.add(.heartbeat(request))
                try await call.send(box.state.withLock { Self.nextResponse(&$0) })
            }
            events.add(.heartbeatsEnded)
        }
        if isSwift {
            routes.unary(Methods.describe) { (_: DescribeRequest, _) in
                DescribeResponse(
                    role: "master", version: "test", clusterID: "cluster-1", nodeID: "master-1",
                    takesDifferences: takesDifferences)
            }
            routes.unary(Methods.uploadTargets) { (_: UploadTargetsRequest, _) in
                guard let targets = box.state.withLock({ $0.targets }) else { throw DFSError(.unavailable, "away") }
                return UploadTargetsResponse(servers: targets)
            }
            routes.unary(Methods.renewLeases) { (request: RenewLeasesRequest, _) in
                events.add(.renewed(request))
                guard let answer = box.state.withLock({ $0.leases }) else {
                    throw DFSError(.unavailable, "no leases now")
                }
                return try await answer(request)
            }
            routes.unary(Methods.report) { (request: ReportRequest, _) in
                if let gate = box.state.withLock({ $0.reportGate }) { try await gate() }
                events.add(.reported(request))
                return ReportResponse(clusterID: "cluster-1", unwantedChunks: box.state.withLock { $0.unwanted })
            }
        }
        if takesDifferences {
            routes.streaming(Methods.keepInventory, maxReceive: InventoryRequest.maxByteCount) { call in
                while let request = try await call.receive(InventoryRequest.self) {
                    let response = box.state.withLock { state in
                        state.take(request)
                        return state.answers.isEmpty
                            ? InventoryResponse(isAnswer: true) : state.answers.removeFirst()
                    }
                    events.add(.inventory(request))
                    try await call.send(response)
                }
                events.add(.heartbeatsEnded)
            }
        }
        server = RPCServer(routes: routes, configuration: .init(), group: group, logger: Logger(label: "test-master"))
        self.port = try await server.listen(host: host, port: port)
    }

    private static func nextResponse(_ state: inout State) -> HeartbeatResponse {
        guard let first = state.tasks.first else { return HeartbeatResponse() }
        if first.times > 1 { state.tasks[0].times -= 1 } else { state.tasks.removeFirst() }
        return first.response
    }

    /// What the servers have told of so far, and how often a digest was not that of it.
    var told: (chunks: Set<String>, wrongDigests: Int) { state.state.withLock { ($0.told, $0.wrongDigests) } }

    /// Gives `response` with the next difference.
    func answer(_ response: InventoryResponse) { state.state.withLock { $0.answers.append(response) } }

    /// The next request of an inventory stream that fulfils `isWanted`.
    @discardableResult
    func inventory(
        after count: Int = 0, _ isWanted: @escaping @Sendable (InventoryRequest) -> Bool
    ) async -> InventoryRequest? {
        let event = await events.first(after: count) {
            if case .inventory(let request) = $0 { isWanted(request) } else { false }
        }
        if case .inventory(let request) = event { return request }
        return nil
    }

    /// Gives `response` with each of the next `times` heartbeats.
    func order(_ response: HeartbeatResponse, times: Int = 1) {
        state.state.withLock { $0.tasks.append((response, times)) }
    }

    /// Where uploads that name no chain are to go; `nil` makes the question fail.
    func forward(to servers: [String]?) { state.state.withLock { $0.targets = servers } }

    /// How Leases/Renew is answered from now on; `nil`: not at all.
    func answerLeases(_ answer: (@Sendable (RenewLeasesRequest) async throws -> RenewLeasesResponse)?) {
        state.state.withLock { $0.leases = answer }
    }

    func refuse(_ ids: [String]) { state.state.withLock { $0.unwanted = ids } }

    /// Every Report waits for `gate` before it is answered, or fails with what that throws.
    func holdReports(_ gate: @escaping @Sendable () async throws -> Void) {
        state.state.withLock { $0.reportGate = gate }
    }

    /// The next heartbeat that lists exactly these chunks.
    func heartbeat(listing ids: [String]) async {
        await events.first { if case .heartbeat(let request) = $0 { request.chunks == ids } else { false } }
    }

    /// A heartbeat that comes after all events so far.
    func nextHeartbeat() async -> HeartbeatRequest? {
        let event = await events.first(after: events.all.count) { if case .heartbeat = $0 { true } else { false } }
        if case .heartbeat(let request) = event { return request }
        return nil
    }

    func stop() async { await server.shutdown(grace: .zero) }
}

extension TestMaster.State {
    /// Keeps the set that the server means, and compares.
    fileprivate mutating func take(_ request: InventoryRequest) {
        if request.begins {
            told = []
            digest = InventoryDigest(key: .init(low: request.keyLow, high: request.keyHigh))
        }
        for chunk in request.added where told.insert(chunk.chunkID).inserted {
            if let id = try? ChunkID(chunk.chunkID) { digest.insert(id) }
        }
        for chunk in request.removed where told.remove(chunk) != nil {
            if let id = try? ChunkID(chunk) { digest.remove(id) }
        }
        guard !request.isPartial else { return }
        let theirs = InventoryDigest(
            key: digest.key, low: request.digestLow, high: request.digestHigh, count: request.count)
        if theirs != digest { wrongDigests += 1 }
    }
}
