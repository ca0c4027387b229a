import HTTP2
import NIOCore

/// One gRPC message without its prefix: a rope of buffers, so that what arrived in pieces is not copied together.
package struct RPCMessage: Sendable, Equatable {
    /// Most messages are one buffer, and need no array.
    private(set) var first: ByteBuffer
    private(set) var others: [ByteBuffer] = []
    /// It came compressed; the segments are what it says.
    package var wasCompressed = false

    /// No segments are one empty one.
    package init(segments: [ByteBuffer]) {
        first = segments.first ?? ByteBuffer()
        if segments.count > 1 { others = Array(segments.dropFirst()) }
    }

    package init(_ buffer: ByteBuffer) { first = buffer }

    /// In order, at least one. The buffers share their storage with whoever made them.
    package var segments: [ByteBuffer] {
        get { [first] + others }
        set {
            first = newValue.first ?? ByteBuffer()
            others = Array(newValue.dropFirst())
        }
    }

    package var readableBytes: Int {
        others.isEmpty ? first.readableBytes : others.reduce(first.readableBytes) { $0 + $1.readableBytes }
    }

    /// The whole message in one buffer: free where there is one segment, a copy otherwise.
    package func contiguous() -> ByteBuffer {
        if others.isEmpty { return first }
        var whole = ByteBuffer()
        whole.reserveCapacity(readableBytes)
        for segment in segments { whole.writeImmutableBuffer(segment) }
        return whole
    }

    /// Adds bytes at the end. Pieces below `mergeLimit` are copied behind the one before, if that is small, too.
    mutating func append(_ piece: ByteBuffer, mergeLimit: Int) {
        if others.isEmpty {
            if piece.readableBytes < mergeLimit, first.readableBytes < mergeLimit {
                first.writeImmutableBuffer(piece)
            } else {
                others.append(piece)
            }
        } else if piece.readableBytes < mergeLimit, others[others.count - 1].readableBytes < mergeLimit {
            others[others.count - 1].writeImmutableBuffer(piece)
        } else {
            others.append(piece)
        }
    }
}

/// The prefix of each message on the wire: one byte "compressed", four bytes of length, big-endian
/// (gRPC over HTTP/2, "Length-Prefixed-Message").
enum MessagePrefix {
    static let byteCount = 5

    static func make(messageByteCount: Int, isCompressed: Bool) -> ShortBytes {
        ShortBytes(isCompressed ? 1 : 0, UInt32(messageByteCount))
    }

    /// The message that `data` is, from its prefix to its last byte; `nil` for anything else, be it right or wrong.
    static func readWhole(_ data: ByteBuffer, maxMessageByteCount: Int) -> RPCMessage? {
        let (flag, length) = data.withUnsafeReadableBytes { bytes -> (UInt8, Int) in
            guard bytes.count >= byteCount else { return (.max, 0) }
            return (bytes[0], Int(UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 1, as: UInt32.self))))
        }
        guard flag <= 1, length == data.readableBytes - byteCount, length <= maxMessageByteCount else { return nil }
        var body = data
        body.moveReaderIndex(forwardBy: byteCount)
        var message = RPCMessage(body)
        message.wasCompressed = flag == 1
        return message
    }
}
