import DFSChunkStore
import DFSCore
import DFSServices
import DFSWire
import Logging
import RPC

/// Answers Fence and Seal, the master's calls about open chunks.
struct OpenChunkService: Sendable {
    let store: ChunkStore
    let threads: DiskThreads
    let primaries: Primaries
    let changes: ChangeSignal
    let suspicions: Suspicions
    let logger: Logger

    func add(to routes: inout ServiceRoutes) {
        routes.unary(Methods.fence) { (request: FenceRequest, _) in try await fence(request) }
        routes.unary(Methods.seal) { (request: SealRequest, _) in try await seal(request) }
    }

    private func fence(_ request: FenceRequest) async throws -> FenceResponse {
        let (store, id, version) = (store, try ChunkID(request.chunk.chunkID), request.chunk.version)
        let found = try await threads.run { try store.fence(id, version: version) }
        primaries.fenced(id, at: version)
        changes.ring()
        return FenceResponse(hasChunk: found.hasChunk, length: UInt64(found.length), isSealed: found.isSealed)
    }

    private func seal(_ request: SealRequest) async throws -> SealResponse {
        let (store, id, version) = (store, try ChunkID(request.chunk.chunkID), request.chunk.version)
        guard let length = Int64(exactly: request.length) else {
            throw DFSError(.invalidArgument, "chunk \(id) cannot have \(request.length) bytes")
        }
        let suspicions = suspicions
        let digest = try await threads.run {
            try store.seal(id, version: version, length: length) { suspicions.note($0) }
        }
        changes.ring()
        logger.info("chunk sealed", metadata: ["chunk": "\(id)", "bytes": "\(length)"])
        return SealResponse(crc32c: digest.crc32c)
    }
}
