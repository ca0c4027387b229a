import DFSCore
import DFSFiles
import NIOCore
import Synchronization

/// One upload of one chunk, from its first byte to ``commit()`` or ``abandon()``.
///
/// Calls may come from any thread, one after the other in the order of the data, and the last is exactly one of these
/// two. A repeated upload of a chunk that is there already writes nothing; its bytes are compared by digest.
package final class ChunkWriter: Sendable {
    /// Bytes written between two requests to the kernel to begin writing them to the disk.
    private static let writebackStep: Int64 = 8 << 20
    /// Four times what a chunk can have: bounds the checksums that an upload keeps in memory, to 256 KiB.
    static let maxLength: Int64 = 4 << 30

    private struct Progress {
        var sums = BlockSummer()
        var writebackStart: Int64 = 0
        /// Where writes go past the page cache: the bytes that are not written yet.
        var block: BlockBuffer?
        var hasEnded = false

        /// Bytes so far.
        var length: Int64 { sums.length }
    }

    /// What is being uploaded.
    package let id: ChunkID
    private let store: ChunkStore
    private let number: UInt64
    private let expected: ExpectedContent
    /// `nil` for a repeated upload.
    private let file: (any OpenFile)?
    // Held during disk calls on purpose: the calls of one upload come one after the other anyway.
    private let progress = Mutex(Progress())

    /// - Parameter writesBlocks: `file` is ready for blocks (``OpenFile/beginDirectWrites()``).
    init(
        id: ChunkID, store: ChunkStore, number: UInt64, expected: ExpectedContent, file: (any OpenFile)?,
        writesBlocks: Bool
    ) {
        self.id = id
        self.store = store
        self.number = number
        self.expected = expected
        self.file = file
        if writesBlocks { progress.withLock { $0.block = BlockBuffer() } }
    }

    /// Takes the next data. Not durable before ``commit()``. Blocks.
    ///
    /// - Throws: code ``DFSError/Code/dataLoss`` when a piece does not match its checksum or the chunk outgrows the
    ///   length it was announced with, ``DFSError/Code/resourceExhausted`` when the disk is full and nothing in
    ///   quarantine gives way.
    package func append(_ pieces: [UploadPiece]) throws(DFSError) {
        try progress.withLock { (progress) throws(DFSError) in
            precondition(!progress.hasEnded, "data for an upload of \(id) that has ended")
            var segments: [ByteBuffer] = []
            let start = progress.length
            for piece in pieces {
                try take(piece, &progress)
                segments += piece.segments
            }
            if let block = progress.block {
                try fill(block, with: segments, at: start)
            } else {
                try write(segments, at: start, &progress)
            }
        }
    }

    private func write(_ segments: [ByteBuffer], at start: Int64, _ progress: inout Progress) throws(DFSError) {
        let byteCount = progress.length - start
        try store.withRoom(for: byteCount) { () throws(DFSError) in try file?.write(segments, at: start) }
        store.state.withLock { $0.reservations.use(byteCount, upload: number) }
        if progress.length - progress.writebackStart >= Self.writebackStep {
            file?.startWriteback(at: progress.writebackStart, count: progress.length - progress.writebackStart)
            progress.writebackStart = progress.length
        }
    }

    private func fill(_ block: BlockBuffer, with segments: [ByteBuffer], at start: Int64) throws(DFSError) {
        var position = start
        for var segment in segments {
            position += Int64(segment.readableBytes)
            while segment.readableBytes > 0 {
                block.take(from: &segment)
                if block.isFull { try flush(block, endingAt: position - Int64(segment.readableBytes)) }
            }
        }
    }

    private func flush(_ block: BlockBuffer, endingAt end: Int64) throws(DFSError) {
        let count = Int64(block.count)
        try store.withRoom(for: count) { () throws(DFSError) in try file?.write(block, at: end - count) }
        store.state.withLock { $0.reservations.use(count, upload: number) }
        block.clear()
    }

    private func take(_ piece: UploadPiece, _ progress: inout Progress) throws(DFSError) {
        let start = progress.length
        let own = progress.sums.append(piece.segments)
        if piece.checksum != 0, own != piece.checksum {
            throw DFSError(
                .dataLoss, "data of chunk \(id) from byte \(start) on arrived damaged; send it again",
                advice: .retrySamePeer)
        }
        guard progress.length <= Self.maxLength else {
            throw DFSError(.invalidArgument, "chunk \(id) has more than \(Self.maxLength) bytes; no chunk has")
        }
        if let expected = expected.length, progress.length > expected {
            throw DFSError(.dataLoss, "chunk \(id) was announced with \(expected) bytes and has more; send it again")
        }
    }

    /// Makes the chunk durable and visible, or finds it there already with the same bytes. Blocks.
    ///
    /// - Returns: its digest. File, name and digest are durable.
    /// - Throws: code ``DFSError/Code/alreadyExists`` when the chunk exists with other bytes,
    ///   ``DFSError/Code/dataLoss`` when the data is not what was announced; the upload is abandoned then, nothing of
    ///   it stays.
    package func commit() throws(DFSError) -> ContentDigest {
        try progress.withLock { (progress) throws(DFSError) in
            precondition(!progress.hasEnded, "an upload of \(id) ended twice")
            let checksums = progress.sums.checksums
            let digest = checksums.digest
            do throws(DFSError) {
                try checkAnnounced(digest)
                if let file {
                    if let block = progress.block, block.count > 0 { try flush(block, endingAt: progress.length) }
                    // Without it the next start reads the chunk once: no room for attributes is no reason to refuse it.
                    _ = try file.setAttribute(DigestAttribute.name, to: DigestAttribute.text(of: digest))
                    try file.sync()
                    try store.publish(id, temporary: store.layout.temporary(number), checksums)
                } else {
                    try store.confirmExisting(id, digest)
                }
            } catch {
                end(&progress, removingFile: true)
                throw error
            }
            end(&progress, removingFile: false)
            return digest
        }
    }

    private func checkAnnounced(_ digest: ContentDigest) throws(DFSError) {
        if let announced = expected.length, announced != digest.length {
            throw DFSError(
                .dataLoss, "chunk \(id) was announced with \(announced) bytes and has \(digest.length); send it again")
        }
        if let announced = expected.crc32c, announced != digest.crc32c {
            throw DFSError(.dataLoss, "chunk \(id) arrived with another CRC-32C than announced; send it again")
        }
    }

    /// Gives the upload up; its file is gone on return, or at the latest with the next start. Harmless after an end.
    /// Blocks.
    package func abandon() {
        progress.withLock { progress in
            if !progress.hasEnded { end(&progress, removingFile: true) }
        }
    }

    private func end(_ progress: inout Progress, removingFile: Bool) {
        // Also when this fails: the next start removes what stays.
        if removingFile, file != nil { _ = try? store.files.remove(store.layout.temporary(number)) }
        progress.hasEnded = true
        progress.block = nil
        store.state.withLock { state in
            state.reservations.release(upload: number)
            state.catalog.endWriting(id)
        }
    }

    deinit {
        let hasEnded = progress.withLock { $0.hasEnded }
        precondition(hasEnded, "an upload of \(id) was dropped without an end")
    }
}
