import NIOCore

/// Bytes on their way to the transport: small pieces gathered in one block of memory, large ones passed on as they are.
struct OutputBuffers: ~Copyable {
    /// Below this, copying into the block is cheaper than one more element of a gathered write.
    private static let copyLimit = 1024
    /// What the block starts with: a turn with a few answers, and no more than the C library keeps at hand for the next turn.
    private static let blockByteCount = 1024

    private var done: [ByteBuffer] = []
    /// Raw memory, since a `ByteBuffer` checks at each write whether it is shared.
    private var block = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    private var gatheredByteCount = 0
    private(set) var byteCount = 0

    init() {}

    deinit { block.deallocate() }

    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        let end = gatheredByteCount + bytes.count
        if end > block.count { grow(to: end) }
        UnsafeMutableRawBufferPointer(rebasing: block[gatheredByteCount..<end]).copyMemory(from: bytes)
        gatheredByteCount = end
        byteCount += bytes.count
    }

    mutating func append(_ bytes: ShortBytes) {
        if bytes.count == 0 { return }
        withUnsafeBytes(of: bytes.value) { append(UnsafeRawBufferPointer(rebasing: $0[..<Int(bytes.count)])) }
    }

    mutating func append(_ buffer: ByteBuffer) {
        if buffer.readableBytes < Self.copyLimit {
            buffer.withUnsafeReadableBytes { append($0) }
        } else {
            byteCount += buffer.readableBytes
            finishBlock()
            done.append(buffer)
        }
    }

    /// Everything so far, in order; nothing is left, no memory either.
    mutating func take() -> [ByteBuffer] {
        finishBlock()
        block.deallocate()
        block = UnsafeMutableRawBufferPointer(start: nil, count: 0)
        byteCount = 0
        defer { done = [] }
        return done
    }

    private mutating func finishBlock() {
        guard gatheredByteCount > 0 else { return }
        done.append(ByteBuffer(bytes: UnsafeRawBufferPointer(rebasing: block[..<gatheredByteCount])))
        gatheredByteCount = 0
    }

    private mutating func grow(to byteCount: Int) {
        let larger = UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(byteCount, Self.blockByteCount, 2 * block.count), alignment: 1)
        larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: block[..<gatheredByteCount]))
        block.deallocate()
        block = larger
    }
}
