import HTTP2
import NIOCore

/// One gRPC message without its prefix: a rope of buffers, so that what arrived in pieces is not copied together.
package struct RPCMessage: Sendable, Equatable {
    /// In order. The buffers share their storage with whoever made them.
    package var segments: [ByteBuffer]
    /// It came compressed; the segments are what it says.
    package var wasCompressed = false

    package init(segments: [ByteBuffer]) { self.segments = segments }

    package init(_ buffer: ByteBuffer) { segments = [buffer] }

    package var readableBytes: Int { segments.reduce(0) { $0 + $1.readableBytes } }

    /// The whole message in one buffer: free where there is one segment, a copy otherwise.
    package func contiguous() -> ByteBuffer {
        if segments.count == 1 { return segments[0] }
        var whole = ByteBuffer()
        whole.reserveCapacity(readableBytes)
        for segment in segments { whole.writeImmutableBuffer(segment) }
        return whole
    }
}

/// The prefix of each message on the wire: one byte "compressed", four bytes of length, big-endian
/// (gRPC over HTTP/2, "Length-Prefixed-Message").
enum MessagePrefix {
    static let byteCount = 5

    static func make(messageByteCount: Int, isCompressed: Bool) -> ShortBytes {
        ShortBytes(isCompressed ? 1 : 0, UInt32(messageByteCount))
    }
}
