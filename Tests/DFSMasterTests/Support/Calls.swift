import DFSCore
import DFSServices
import DFSWire
import RPC

@testable import DFSMaster

// The calls that nodes and clients make, by short names.
extension ClientChannel {
    func create(_ name: String, _ attributes: [Attribute] = []) async throws -> CreateResponse {
        try await unary(Methods.create, CreateRequest(name: name, attributes: attributes))
    }

    func allocate(_ name: String, _ index: Int32, upload: String? = nil) async throws -> AllocateChunkResponse {
        var options = CallOptions()
        if let upload { options.metadata.add(CallMetadata.upload, upload) }
        return try await unary(
            Methods.allocateChunk, AllocateChunkRequest(fileName: name, chunkIndex: index), options: options)
    }

    func open(_ name: String) async throws -> OpenResponse {
        try await unary(Methods.open, OpenRequest(name: name))
    }

    func fileInfo(_ name: String) async throws -> GetFileInfoResponse {
        try await unary(Methods.getFileInfo, GetFileInfoRequest(fileName: name))
    }

    func register(_ address: String, _ chunks: [String] = []) async throws -> RegisterChunkServerResponse {
        try await unary(
            Methods.registerChunkServer,
            RegisterChunkServerRequest(serverAddress: address, freeStorage: 10_000, chunks: chunks))
    }

    /// Runs `body` while the server at `address` has a heartbeat stream.
    func withHeartbeat<Result: Sendable>(
        of address: String, _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        try await withCall(Methods.heartbeat) { call in
            try await call.send(HeartbeatRequest(serverAddress: address, freeStorage: 10_000, chunks: []))
            _ = try await call.receive(HeartbeatResponse.self)
            return try await body()
        }
    }

    @discardableResult
    func report(_ address: String, _ chunks: [ChunkDigest]) async throws -> ReportResponse {
        try await unary(Methods.report, ReportRequest(serverAddress: address, nodeID: "n", chunks: chunks))
    }

    /// A file of one chunk, put as our client puts it, with the servers' reports.
    @discardableResult
    func put(_ name: String, attributes: [Attribute] = []) async throws -> AllocateChunkResponse {
        let upload = try await create(name, attributes).uploadID
        let chunk = try await allocate(name, 0, upload: upload)
        let digest = ChunkDigest(chunkID: chunk.chunkID, length: 10, crc32c: 6)
        for server in chunk.replicaServers { try await report(server, [digest]) }
        let request = CompleteRequest(
            uploadID: upload, chunks: [digest], replicas: [ChunkReplicas(servers: chunk.replicaServers)])
        let _: CompleteResponse = try await unary(Methods.complete, request)
        return chunk
    }
}

/// The code that `body` fails with.
func code(_ body: () async throws -> some Sendable) async -> DFSError.Code? {
    do {
        _ = try await body()
        return nil
    } catch {
        return (error as? DFSError)?.code
    }
}
