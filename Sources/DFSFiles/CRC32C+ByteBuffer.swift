import DFSCore
import NIOCore

extension CRC32C {
    /// Takes the readable bytes of `buffer` as the next bytes.
    package mutating func update(_ buffer: ByteBuffer) {
        buffer.withUnsafeReadableBytes { update($0) }
    }

    /// Takes `count` of the readable bytes of `buffer` from the one with number `start` on, which must be there.
    package mutating func update(_ buffer: ByteBuffer, from start: Int, count: Int) {
        buffer.withUnsafeReadableBytes { update(UnsafeRawBufferPointer(rebasing: $0[start..<start + count])) }
    }

    /// The same of the bytes that `block` holds.
    package mutating func update(_ block: BlockBuffer, from start: Int, count: Int) {
        block.withBytes { update(UnsafeRawBufferPointer(rebasing: $0[start..<start + count])) }
    }
}
