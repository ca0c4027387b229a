import DFSCore
import Glibc
import NIOCore

/// What is left to write of a list of buffers, handed out as vectors for `pwritev(2)`.
struct GatheredWrite {
    /// Vectors in one call: below the kernel's limit of 1,024, since each takes a nested call here.
    static let maxVectors = 256

    private let segments: [ByteBuffer]
    /// The first segment with bytes left, and how many of its bytes are done.
    private var index = 0
    private var done = 0

    init(_ segments: [ByteBuffer]) {
        self.segments = segments
        skipFinished()
    }

    var isEmpty: Bool { index == segments.count }

    /// Calls `body` with vectors over the bytes left, the first ``maxVectors`` segments of them. The vectors are valid
    /// only during the call.
    func withVectors<Result>(
        _ body: (UnsafeBufferPointer<iovec>) throws(DFSError) -> Result
    ) throws(DFSError) -> Result {
        let count = min(segments.count - index, Self.maxVectors)
        return try withUnsafeTemporaryAllocation(of: iovec.self, capacity: count) {
            (vectors) throws(DFSError) -> Result in
            try fill(vectors, filled: 0, body)
        }
    }

    /// Counts `count` bytes as written.
    mutating func drop(_ count: Int) {
        var count = count
        while count > 0 {
            precondition(!isEmpty, "more bytes were written than were given")
            let step = min(count, segments[index].readableBytes - done)
            done += step
            count -= step
            skipFinished()
        }
    }

    private mutating func skipFinished() {
        while index < segments.count, done == segments[index].readableBytes {
            index += 1
            done = 0
        }
    }

    /// Nests one buffer access per vector, so that every pointer is used inside the closure that lends it.
    private func fill<Result>(
        _ vectors: UnsafeMutableBufferPointer<iovec>, filled: Int,
        _ body: (UnsafeBufferPointer<iovec>) throws(DFSError) -> Result
    ) throws(DFSError) -> Result {
        if filled == vectors.count { return try body(UnsafeBufferPointer(vectors)) }
        var outcome: Swift.Result<Result, DFSError>?
        segments[index + filled].withUnsafeReadableBytes { bytes in
            let rest = UnsafeRawBufferPointer(rebasing: bytes.dropFirst(filled == 0 ? done : 0))
            let base = UnsafeMutableRawPointer(mutating: rest.baseAddress)
            vectors.initializeElement(at: filled, to: iovec(iov_base: base, iov_len: rest.count))
            do throws(DFSError) {
                outcome = .success(try fill(vectors, filled: filled + 1, body))
            } catch {
                outcome = .failure(error)
            }
        }
        guard let outcome else { preconditionFailure("withUnsafeReadableBytes calls its closure once") }
        return try outcome.get()
    }
}
