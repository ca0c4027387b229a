import DequeModule
import NIOCore

/// Received bytes of one call that are not yet cut into messages.
struct InboundBacklog {
    /// Pieces below this are joined, so that a peer which sends byte by byte does not make us hold a buffer for each.
    private static let mergeLimit = 4096

    private var pieces = Deque<ByteBuffer>()
    private(set) var byteCount = 0

    var isEmpty: Bool { byteCount == 0 }

    mutating func append(_ data: ByteBuffer) {
        let count = data.readableBytes
        guard count > 0 else { return }
        byteCount += count
        if let last = pieces.indices.last, count < Self.mergeLimit, pieces[last].readableBytes < Self.mergeLimit {
            pieces[last].writeImmutableBuffer(data)
        } else {
            pieces.append(data)
        }
    }

    mutating func popFirst() -> ByteBuffer? {
        let first = pieces.popFirst()
        byteCount -= first?.readableBytes ?? 0
        return first
    }

    /// Puts back what is left of the first piece.
    mutating func prepend(_ rest: ByteBuffer) {
        guard rest.readableBytes > 0 else { return }
        byteCount += rest.readableBytes
        pieces.prepend(rest)
    }

    mutating func removeAll() {
        pieces.removeAll()
        byteCount = 0
    }
}
