import NIOCore

/// The next bytes of a chunk.
package struct ChunkPiece: Sendable {
    /// In order, slices of what came from the socket.
    package let data: [ByteBuffer]
    /// Of ``data``; agrees with what the server gave, where it gave one.
    package let crc32c: UInt32
    package let byteCount: Int
}

extension [ByteBuffer] {
    /// `count` bytes from byte `start` on, as slices.
    func slice(from start: Int, count: Int) -> [ByteBuffer] {
        var (skip, rest) = (start, count)
        var slices: [ByteBuffer] = []
        for var buffer in self {
            let skipped = Swift.min(skip, buffer.readableBytes)
            buffer.moveReaderIndex(forwardBy: skipped)
            skip -= skipped
            if let slice = buffer.readSlice(length: Swift.min(rest, buffer.readableBytes)), slice.readableBytes > 0 {
                rest -= slice.readableBytes
                slices.append(slice)
            }
        }
        return slices
    }
}
