import NIOCore

/// A ``WireCursor`` over the segments of a message as they came from the socket.
struct RopeCursor: WireCursor {
    private let segments: [ByteBuffer]
    private var current: ByteBuffer
    private var next = 0
    private(set) var remaining: Int

    init(_ segments: [ByteBuffer]) {
        self.segments = segments
        current = ByteBuffer()
        remaining = segments.reduce(0) { $0 + $1.readableBytes }
    }

    mutating func nextByte() -> UInt8? {
        guard advance() else { return nil }
        remaining -= 1
        return current.readInteger(as: UInt8.self)
    }

    mutating func skip(_ count: Int) {
        visit(count) { _ in }
    }

    /// The next `count` bytes, which must be there, as slices that share their memory.
    mutating func take(_ count: Int) -> [ByteBuffer] {
        var slices: [ByteBuffer] = []
        visit(count) { slices.append($0) }
        return slices
    }

    private mutating func visit(_ count: Int, _ body: (ByteBuffer) -> Void) {
        precondition(count >= 0 && count <= remaining)
        var rest = count
        while rest > 0, advance(), let slice = current.readSlice(length: min(rest, current.readableBytes)) {
            rest -= slice.readableBytes
            body(slice)
        }
        remaining -= count
    }

    /// Makes sure that ``current`` has a byte; `false` at the end.
    private mutating func advance() -> Bool {
        while current.readableBytes == 0 {
            guard next < segments.count else { return false }
            current = segments[next]
            next += 1
        }
        return true
    }
}
