import DFSCore
import DFSFiles
import NIOCore

/// The checksums of a chunk's blocks as a file; the byte table is in `docs/formats/`.
enum ChecksumTable {
    private static let magic: [UInt8] = Array("DFSB".utf8)
    private static let version: UInt32 = 1
    /// Magic, version, block size, count, length.
    private static let headerSize = 24
    /// Behind the checksums: one of all before.
    private static let trailerSize = 4

    /// Bytes of the file for a chunk of `length` bytes.
    static func byteCount(for length: Int64) -> Int {
        headerSize + 4 * BlockChecksums.count(for: length) + trailerSize
    }

    static func encode(_ checksums: BlockChecksums) -> ByteBuffer {
        var buffer = ByteBufferAllocator().buffer(capacity: byteCount(for: checksums.length))
        buffer.writeBytes(magic)
        buffer.writeInteger(version, endianness: .little)
        buffer.writeInteger(UInt32(BlockChecksums.usualBlockSize), endianness: .little)
        buffer.writeInteger(UInt32(checksums.values.count), endianness: .little)
        buffer.writeInteger(UInt64(checksums.length), endianness: .little)
        for value in checksums.values { buffer.writeInteger(value, endianness: .little) }
        var own = CRC32C()
        own.update(buffer)
        buffer.writeInteger(own.value, endianness: .little)
        return buffer
    }

    /// The checksums in `bytes`, or `nil` for anything but a whole table of a chunk of `length` bytes: then it is made anew.
    static func decode(_ bytes: ByteBuffer, length: Int64) -> BlockChecksums? {
        var buffer = bytes
        let count = BlockChecksums.count(for: length)
        guard buffer.readableBytes == byteCount(for: length) else { return nil }
        var own = CRC32C()
        own.update(buffer, from: 0, count: buffer.readableBytes - trailerSize)
        guard buffer.readBytes(length: magic.count) == magic, number(&buffer) == version,
            number(&buffer) == UInt32(BlockChecksums.usualBlockSize), number(&buffer) == UInt32(count),
            buffer.readInteger(endianness: .little, as: UInt64.self) == UInt64(length)
        else { return nil }
        var values: [UInt32] = []
        values.reserveCapacity(count)
        while values.count < count, let value = number(&buffer) { values.append(value) }
        guard number(&buffer) == own.value else { return nil }
        return BlockChecksums(length: length, values: values)
    }

    private static func number(_ buffer: inout ByteBuffer) -> UInt32? { buffer.readInteger(endianness: .little) }
}
