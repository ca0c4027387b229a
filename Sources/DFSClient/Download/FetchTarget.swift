import DFSCore
import DFSFiles
import NIOCore
import Synchronization

/// Where the bytes of a file go as they arrive.
protocol FetchTarget: Sendable {
    /// What errors call it.
    var path: String { get }
    /// Whether bytes that were written can be written again: a chunk whose checksum is wrong at its end is then fetched
    /// anew.
    var isRewritable: Bool { get }

    /// Writes `segments` from byte `offset` of the file on; blocks.
    func write(_ segments: [ByteBuffer], at offset: Int) throws(DFSError)
}

extension LocalTarget: FetchTarget {
    var isRewritable: Bool { true }
}

/// A pipe, a terminal or the like: takes the file's bytes once, in order.
final class StreamTarget: FetchTarget {
    private let stream: DescriptorStream
    private let position = Mutex(0)

    init(_ stream: DescriptorStream) { self.stream = stream }

    var path: String { stream.name }
    var isRewritable: Bool { false }

    func write(_ segments: [ByteBuffer], at offset: Int) throws(DFSError) {
        // Held while the stream takes the bytes: they must not mix.
        try position.withLock { (position) throws(DFSError) in
            guard offset == position else {
                throw DFSError(.internal, "bytes from \(offset) on for \(path), which is at \(position)")
            }
            try stream.write(segments)
            position += segments.reduce(0) { $0 + $1.readableBytes }
        }
    }
}
