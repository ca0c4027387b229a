import NIOCore

/// Writes the `chunk.ChunkData` messages of one stream around data that is not copied.
///
/// The data field comes last, behind a short prefix with all others: any order is legal, and this one leaves the data as
/// one segment with nothing behind it.
package struct ChunkDataEncoder: Sendable {
    /// The chunk id with its tag, the same in every message of a stream.
    private let identity: ByteBuffer

    /// - Parameter chunkID: a checked id: UTF-8 without NUL.
    package init(chunkID: String) {
        var buffer = ByteBuffer()
        if !chunkID.isEmpty {
            buffer.writeTag(.chunkID)
            buffer.writeVarint(UInt64(chunkID.utf8.count))
            buffer.writeString(chunkID)
        }
        identity = buffer
    }

    /// The segments of one message: a short prefix, then `data` itself unless it is empty.
    ///
    /// - Parameter checksum: CRC-32C of `data`, or 0 for "none given".
    package func encode(data: ByteBuffer, seqNo: Int32, checksum: UInt32) -> [ByteBuffer] {
        encode(data: [data], seqNo: seqNo, checksum: checksum)
    }

    /// The same for data that lies in several buffers.
    package func encode(data: [ByteBuffer], seqNo: Int32, checksum: UInt32) -> [ByteBuffer] {
        let byteCount = data.reduce(0) { $0 + $1.readableBytes }
        var prefix = ByteBufferAllocator().buffer(capacity: identity.readableBytes + Self.maxNumbersSize)
        prefix.writeImmutableBuffer(identity)
        if seqNo != 0 {
            prefix.writeTag(.seqNo)
            // A negative int32 is sent as ten bytes, as if it were an int64 (Protocol Buffers encoding).
            prefix.writeVarint(UInt64(bitPattern: Int64(seqNo)))
        }
        if checksum != 0 {
            prefix.writeTag(.checksum)
            prefix.writeVarint(UInt64(checksum))
        }
        guard byteCount > 0 else { return [prefix] }
        prefix.writeTag(.data)
        prefix.writeVarint(UInt64(byteCount))
        return [prefix] + data
    }

    /// Three tags of one byte, numbers of ten, five and five bytes.
    private static let maxNumbersSize = 23
}

extension ByteBuffer {
    fileprivate mutating func writeTag(_ field: ChunkDataField) {
        writeInteger(UInt8(field.rawValue << 3) | field.wireType.rawValue)
    }
}
