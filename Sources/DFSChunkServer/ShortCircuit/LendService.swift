import DFSChunkStore
import DFSCore
import DFSServices
import DFSWire
import NIOCore
import RPC

/// Answers Lend: a reader on this machine gets a chunk's file, and what its blocks must be, and reads by itself.
struct LendService: Sendable {
    let source: ChunkSource
    /// `nil` where nothing is lent.
    let socket: ShortCircuitSocket?

    func add(to routes: inout ServiceRoutes) {
        routes.unary(Methods.lendReplica) { (request: LendRequest, _) in try await lend(request) }
    }

    private func lend(_ request: LendRequest) async throws -> LendResponse {
        let id = try ChunkID(request.chunkID)
        guard let socket else {
            throw DFSError(.failedPrecondition, "this chunk server lends no files (-short-circuit)")
        }
        guard source.store.unsealed(id) == nil else {
            throw DFSError(.failedPrecondition, "chunk \(id) is appended to; read it by DownloadChunk")
        }
        let reader = try await source.open(id)
        guard let checksums = reader.checksums else {
            throw DFSError(
                .failedPrecondition, "the checksums of chunk \(id) are not known yet; read it by DownloadChunk")
        }
        guard let token = socket.files.lend(reader.file) else {
            throw DFSError(
                .resourceExhausted,
                "\(LentFiles.maxCount) lent files wait to be fetched; read chunk \(id) by DownloadChunk")
        }
        var sums = ByteBufferAllocator().buffer(capacity: 4 * checksums.values.count)
        for value in checksums.values { sums.writeInteger(value, endianness: .little) }
        return LendResponse(
            socketPath: socket.path, token: token, length: UInt64(checksums.length),
            blockSize: UInt32(checksums.blockSize), checksums: Array(sums.readableBytesView))
    }
}
