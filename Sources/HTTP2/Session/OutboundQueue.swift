import DequeModule
import NIOCore

/// Bytes of one stream that wait to be framed, and how the stream ends after them.
struct OutboundQueue {
    enum Ending {
        case open
        case endStream
        case trailers(HeaderBlock)
    }

    private struct Piece {
        var head: ShortBytes
        var buffer: ByteBuffer

        var byteCount: Int { Int(head.count) + buffer.readableBytes }
    }

    private(set) var byteCount = 0
    /// The first piece lies here: most streams carry one message, and need no more memory than this.
    private var first: Piece?
    private var others = Deque<Piece>()
    var ending = Ending.open
    /// The library was told that there is nothing to send; it must be told when there is again.
    var isDeferred = false
    /// Somebody waits for ``HTTP2Event/drained(stream:)``.
    var wantsDrained = false

    mutating func append(_ head: ShortBytes, _ buffer: ByteBuffer) {
        let piece = Piece(head: head, buffer: buffer)
        guard piece.byteCount > 0 else { return }
        byteCount += piece.byteCount
        if first == nil { first = piece } else { others.append(piece) }
    }

    /// Moves exactly `count` bytes to `output`. `count` is at most ``byteCount``.
    mutating func move(_ count: Int, to output: inout OutputBuffers) {
        byteCount -= count
        var left = count
        while left > 0, let piece = first.take() {
            if piece.byteCount <= left {
                output.append(piece.head)
                output.append(piece.buffer)
                left -= piece.byteCount
                if !others.isEmpty { first = others.popFirst() }
            } else {
                first = Self.split(piece, at: left, to: &output)
                left = 0
            }
        }
    }

    /// - Returns: what is left of the piece when its first `count` bytes have been moved.
    private static func split(_ piece: Piece, at count: Int, to output: inout OutputBuffers) -> Piece {
        // A head is not cut: it becomes bytes like others.
        var bytes = piece.buffer
        if piece.head.count > 0 {
            bytes = ByteBuffer()
            withUnsafeBytes(of: piece.head.value) { _ = bytes.writeBytes($0.prefix(Int(piece.head.count))) }
            if count < bytes.readableBytes {
                bytes.writeImmutableBuffer(piece.buffer)
            } else {
                output.append(bytes)
                return split(Piece(head: .none, buffer: piece.buffer), at: count - bytes.readableBytes, to: &output)
            }
        }
        if let moved = bytes.readSlice(length: count) { output.append(moved) }
        return Piece(head: .none, buffer: bytes)
    }

    /// How the stream ends; the trailers are given out once, to be sent.
    mutating func takeEnding() -> Ending {
        if case .open = ending { return .open }
        var taken = Ending.endStream
        swap(&taken, &ending)
        return taken
    }

    mutating func removeAll() {
        if byteCount == 0 { return }
        first = nil
        others.removeAll()
        byteCount = 0
    }
}
