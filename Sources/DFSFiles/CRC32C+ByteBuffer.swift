import DFSCore
import NIOCore

extension CRC32C {
    /// Takes the readable bytes of `buffer` as the next bytes.
    package mutating func update(_ buffer: ByteBuffer) {
        buffer.withUnsafeReadableBytes { update($0) }
    }
}
