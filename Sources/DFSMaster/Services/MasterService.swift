import DFSCore
import DFSMetadata
import DFSServices
import DFSWire
import RPC

/// `master.MasterService`: what Go nodes speak too.
struct MasterService: Sendable {
    let metadata: MetadataManager
    let heartbeats: HeartbeatManager

    func add(to routes: inout ServiceRoutes) {
        routes.unary(Methods.getFileInfo, atOnce: { try fileInfoAtOnce($0, $1) }) { try await fileInfo($0, $1) }
        routes.unary(Methods.allocateChunk) { try await allocate($0, $1) }
        routes.unary(Methods.registerChunkServer) { try await register($0, $1) }
        routes.streaming(Methods.heartbeat, maxReceive: HeartbeatRequest.maxByteCount) {
            try await heartbeats.serve($0, metadata)
        }
    }

    private nonisolated(nonsending) func fileInfo(
        _ request: GetFileInfoRequest, _ call: ServerCall
    ) async throws -> GetFileInfoResponse {
        let name = try FileName(request.fileName)
        return try response(try await metadata.read { .fileInfo(name, call.connection, $0) })
    }

    private func fileInfoAtOnce(_ request: GetFileInfoRequest, _ call: ServerCall) throws -> GetFileInfoResponse? {
        let name = try FileName(request.fileName)
        return try metadata.readAtOnce { .fileInfo(name, call.connection, $0) }.map(response)
    }

    private func response(_ answer: Answer) throws -> GetFileInfoResponse {
        guard case .fileInfo(let chunks) = answer else { throw MismatchedAnswer.error }
        return GetFileInfoResponse(
            fileInfo: chunks.map { chunk in
                FileChunkInfo(chunkID: chunk.id.text, replicaServers: chunk.servers.map(\.description))
            })
    }

    private func allocate(_ request: AllocateChunkRequest, _ call: ServerCall) async throws -> AllocateChunkResponse {
        let allocation = AllocationRequest(
            name: try FileName(request.fileName), index: Int(request.chunkIndex), upload: try call.upload(),
            excluded: try call.excludedServers(), location: try call.location(), connection: call.connection)
        guard case .allocated(let chunk, let servers) = try await metadata.ask({ .allocate(allocation, $0) }) else {
            throw MismatchedAnswer.error
        }
        return AllocateChunkResponse(chunkID: chunk.text, replicaServers: servers.map(\.description))
    }

    private func register(
        _ request: RegisterChunkServerRequest, _ call: ServerCall
    ) async throws -> RegisterChunkServerResponse {
        let report = try ServerReport(
            address: request.serverAddress, freeMiB: request.freeStorage, chunks: request.chunks, call)
        _ = try await metadata.ask { .register(report, $0) }
        return RegisterChunkServerResponse(success: true)
    }
}

extension ServerCall {
    var connection: ConnectionToken { ConnectionToken(rawValue: connectionID.value) }

    /// Where the caller is: as it says, or by the address that it calls from.
    func location() throws(DFSError) -> NetworkLocation {
        guard let text = metadata.first(CallMetadata.location) else { return NetworkLocation(host: peerHost) }
        return try NetworkLocation(text)
    }

    /// The upload that the call names; `nil` from a Go client.
    fileprivate func upload() throws(DFSError) -> FileID? {
        guard let text = metadata.first(CallMetadata.upload) else { return nil }
        return try FileID(request: text)
    }

    /// The servers that the caller could not use.
    fileprivate func excludedServers() throws(DFSError) -> [ServerAddress] {
        try metadata.addresses(CallMetadata.exclude)
    }
}

extension FileID {
    /// Reads an upload id that a client sent.
    init(request text: String) throws(DFSError) {
        guard let id = FileID(uploadID: text) else {
            throw DFSError(.invalidArgument, "\(quoted(text)) is no upload id; use the one that Create gave")
        }
        self = id
    }
}

/// The state answers each kind of question with its own kind of answer.
enum MismatchedAnswer {
    static let error = DFSError(.internal, "the master's state gave an answer to another question")
}
