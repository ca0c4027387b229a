import DFSCore
import DFSFiles
import NIOCore

/// One upload of one chunk, from its first byte to ``commit()`` or ``abandon()``.
///
/// Not for several threads at once: the caller makes one call after the other, and ends with exactly one of the two. A
/// repeated upload of a chunk that is there already writes nothing; its bytes are compared by digest.
package final class ChunkUpload {
    /// Bytes written between two requests to the kernel to begin writing them to the disk.
    private static let writebackStep: Int64 = 8 << 20

    package let id: ChunkID
    private let store: ChunkStore
    private let number: UInt64
    private let expected: ExpectedContent
    /// `nil` for a repeated upload.
    private let file: (any OpenFile)?
    private var crc = CRC32C()
    private var length: Int64 = 0
    private var writebackStart: Int64 = 0
    private var hasEnded = false

    init(id: ChunkID, store: ChunkStore, number: UInt64, expected: ExpectedContent, file: (any OpenFile)?) {
        self.id = id
        self.store = store
        self.number = number
        self.expected = expected
        self.file = file
    }

    /// Takes the next data. Not durable before ``commit()``.
    ///
    /// - Throws: code ``DFSError/Code/dataLoss`` when a piece does not match its checksum or the chunk outgrows the length
    ///   it was announced with, ``DFSError/Code/resourceExhausted`` when the disk is full.
    package func append(_ pieces: [UploadPiece]) throws(DFSError) {
        precondition(!hasEnded, "data for an upload of \(id) that has ended")
        var segments: [ByteBuffer] = []
        var count: Int64 = 0
        for piece in pieces {
            try take(piece)
            segments += piece.segments
            count += Int64(piece.byteCount)
        }
        if let expected = expected.length, length + count > expected {
            throw DFSError(.dataLoss, "chunk \(id) was announced with \(expected) bytes and has more; send it again")
        }
        try file?.write(segments, at: length)
        length += count
        store.state.withLock { $0.reservations.use(count, upload: number) }
        if length - writebackStart >= Self.writebackStep {
            file?.startWriteback(at: writebackStart, count: length - writebackStart)
            writebackStart = length
        }
    }

    private func take(_ piece: UploadPiece) throws(DFSError) {
        if piece.checksum != 0 {
            var own = CRC32C()
            for segment in piece.segments { own.update(segment) }
            if own.value != piece.checksum {
                throw DFSError(
                    .dataLoss, "data of chunk \(id) near byte \(length) arrived damaged; send it again",
                    advice: .retrySamePeer)
            }
        }
        for segment in piece.segments { crc.update(segment) }
    }

    /// Makes the chunk durable and visible, or finds it there already with the same bytes.
    ///
    /// - Returns: its digest. File, name and digest are durable.
    /// - Throws: code ``DFSError/Code/alreadyExists`` when the chunk exists with other bytes, ``DFSError/Code/dataLoss``
    ///   when the data is not what was announced; the upload is abandoned then, nothing of it stays.
    package func commit() throws(DFSError) -> ContentDigest {
        let digest = ContentDigest(length: length, crc32c: crc.value)
        do throws(DFSError) {
            try checkAnnounced(digest)
            if let file {
                _ = try file.setAttribute(DigestAttribute.name, to: DigestAttribute.text(of: digest))
                try file.sync()
                try store.publish(id, temporary: store.layout.temporary(number), digest)
            } else {
                try store.confirmExisting(id, digest)
            }
        } catch {
            abandon()
            throw error
        }
        end()
        return digest
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
    package func abandon() {
        if hasEnded { return }
        // Also when this fails: the next start removes what stays.
        if file != nil { _ = try? store.files.remove(store.layout.temporary(number)) }
        end()
    }

    private func end() {
        hasEnded = true
        store.state.withLock { state in
            state.reservations.release(upload: number)
            state.catalog.endWriting(id)
        }
    }

    deinit { precondition(hasEnded, "an upload of \(id) was dropped without an end") }
}
