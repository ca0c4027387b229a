import DFSChunkStore
import DFSCore
import DFSServices
import DFSWire
import Logging
import RPC

/// Answers UploadChunk: durable, and under a Swift master known to it, before the acknowledgement.
struct UploadService: Sendable {
    /// Data gathered for one write.
    private static let batchSize = 1 << 20

    let store: ChunkStore
    let threads: DiskThreads
    let master: MasterSession
    let budget: WriteBudget
    let stallLimit: Duration
    let logger: Logger

    func add(to routes: inout ServiceRoutes) {
        routes.streaming(Methods.uploadChunk) { call in
            try await StallWatch.run(limit: stallLimit) { watch in try await upload(call, watch) }
        }
    }

    private func upload(_ call: ServerCall, _ watch: StallWatch) async throws {
        guard let first = try await watch.waiting({ try await call.receive() }) else {
            throw DFSError(.invalidArgument, "no data received; an upload has at least one message")
        }
        let frame = try ChunkDataDecoder.decode(first.segments)
        let id = try ChunkID(frame.chunkID)
        let expected = ExpectedContent(
            length: try call.metadata.number(CallMetadata.length), crc32c: try call.metadata.number(CallMetadata.crc32c)
        )
        let (store, threads) = (store, threads)
        let writer = try await threads.run { try store.beginUpload(of: id, expecting: expected) }
        master.noteArrival(id, isOurs: expected.length != nil)
        let digest: ContentDigest
        do {
            let queue = WriteQueue(writer: writer, threads: threads, budget: budget)
            do {
                try await receive(call, watch, id, first: frame, into: queue)
                try await queue.finish()
            } catch {
                await queue.stop()
                throw error
            }
            digest = try await threads.run { try writer.commit() }
        } catch {
            _ = try? await threads.run { writer.abandon() }
            master.noteUpload(id)
            logger.warning(
                "upload failed", metadata: ["chunk": "\(id)", "peer": "\(call.peerHost)", "error": "\(error)"])
            throw error
        }
        logger.debug("chunk stored", metadata: ["chunk": "\(id)", "bytes": "\(digest.length)"])
        try await master.announce(id, digest, isVouchedFor: expected.length != nil)
        try await call.send(UploadChunkStatus(success: true))
    }

    /// Moves messages from the call to the queue, a batch at a time.
    private func receive(
        _ call: ServerCall, _ watch: StallWatch, _ id: ChunkID, first: ChunkDataFrame, into queue: WriteQueue
    ) async throws {
        var batch: [UploadPiece] = []
        var batchSize = 0
        var frame = first
        while true {
            guard frame.chunkID == id.text || frame.chunkID.isEmpty else {
                throw DFSError(
                    .invalidArgument, "one upload names two chunks, \(id) and \(quoted(frame.chunkID)); send one each")
            }
            let piece = UploadPiece(segments: frame.data, checksum: frame.checksum)
            batchSize += piece.byteCount
            batch.append(piece)
            if batchSize >= Self.batchSize {
                try await queue.push(batch, byteCount: batchSize)
                batch = []
                batchSize = 0
            }
            guard let message = try await watch.waiting({ try await call.receive() }) else { break }
            frame = try ChunkDataDecoder.decode(message.segments)
        }
        if !batch.isEmpty { try await queue.push(batch, byteCount: batchSize) }
    }
}
