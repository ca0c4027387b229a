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
    private let position: Mutex<Int>

    /// - Parameter start: where in the file the bytes for the stream begin.
    init(_ stream: DescriptorStream, from start: Int) {
        self.stream = stream
        position = Mutex(start)
    }

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

/// A part of a file in memory.
final class MemoryTarget: FetchTarget {
    /// Where in the file it begins.
    private let start: Int
    private let contents: Mutex<[UInt8]>

    /// - Parameter range: the part of the file; all of it is set aside.
    init(_ range: Range<Int>) {
        start = range.lowerBound
        contents = Mutex([UInt8](repeating: 0, count: range.count))
    }

    var path: String { "memory" }
    var isRewritable: Bool { true }

    /// The first `count` bytes.
    func bytes(_ count: Int) -> [UInt8] { contents.withLock { Array($0.prefix(count)) } }

    func write(_ segments: [ByteBuffer], at offset: Int) throws(DFSError) {
        contents.withLock { contents in
            var place = offset - start
            for segment in segments {
                let next = place + segment.readableBytes
                contents.replaceSubrange(place..<next, with: segment.readableBytesView)
                place = next
            }
        }
    }
}
