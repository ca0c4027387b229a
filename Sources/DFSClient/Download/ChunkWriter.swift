import DFSCore
import DFSServices
import NIOCore

/// Writes what one download brings, in batches, while the next batch is under way. Used on the call's event loop.
final class ChunkWriter {
    private let context: ClientContext
    private let target: any FetchTarget
    /// Where the chunk starts in the file.
    private let chunkOffset: Int
    private let standing: FetchStanding
    private let eventLoop: any EventLoop
    private var batch: [ByteBuffer] = []
    private var batchByteCount = 0
    /// One write at a time; memory is bounded by two batches and the stream's window.
    private var writing: EventLoopFuture<Void>?

    init(
        context: ClientContext, target: any FetchTarget, chunkOffset: Int, standing: FetchStanding,
        eventLoop: any EventLoop
    ) {
        self.context = context
        self.target = target
        self.chunkOffset = chunkOffset
        self.standing = standing
        self.eventLoop = eventLoop
    }

    /// Takes all that `download` gives. Also when it fails, what came before is in the file on return.
    ///
    /// - Parameters:
    ///   - first: what it gave already; `nil` where that was the end.
    ///   - onBatch: called after each batch.
    func drain(_ download: ChunkDownload, after first: ChunkPiece?, onBatch: () -> Void) async throws {
        let outcome: Result<Void, any Error>
        do {
            var next = first
            while let piece = next {
                batch += piece.data
                batchByteCount += piece.byteCount
                standing.append(crc32c: piece.crc32c, byteCount: piece.byteCount)
                if batchByteCount >= context.bufferSize {
                    try await flush()
                    onBatch()
                }
                next = try await download.next()
            }
            outcome = .success(())
        } catch {
            // What the target does not take has no use for what follows.
            if let localError = standing.localError { throw localError }
            outcome = .failure(error)
        }
        try await flush()
        try await finishWriting()
        onBatch()
        try outcome.get()
    }

    /// Starts to write the batch, once the one before is written.
    private func flush() async throws {
        try await finishWriting()
        if batch.isEmpty { return }
        let offset = chunkOffset + standing.position - batchByteCount
        writing = context.onFileThread(eventLoop) { [target, batch] in try target.write(batch, at: offset) }
        (batch, batchByteCount) = ([], 0)
    }

    private func finishWriting() async throws {
        guard let current = writing else { return }
        writing = nil
        do {
            try await current.get()
        } catch {
            let error = DFSError(error, from: target.path)
            standing.localError = error
            throw error
        }
    }
}
