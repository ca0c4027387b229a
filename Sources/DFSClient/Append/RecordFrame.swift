import DFSCore
import DFSFiles
import NIOCore

/// How a record lies in a file (docs/formats/records.md): magic, length, id and checksum, then the record itself.
enum RecordFrame {
    static let headerByteCount = 28
    /// "DFSr".
    private static let magic: UInt32 = 0x4446_5372

    /// The frame of one record.
    static func encode(_ payload: ByteBuffer, id: RecordID) -> ByteBuffer {
        var frame = ByteBufferAllocator().buffer(capacity: headerByteCount + payload.readableBytes)
        frame.writeInteger(magic)
        frame.writeInteger(UInt32(payload.readableBytes))
        frame.writeInteger(id.high)
        frame.writeInteger(id.low)
        frame.writeInteger(checksum(frame, payload))
        frame.writeImmutableBuffer(payload)
        return frame
    }

    /// What the header of a frame says.
    struct Header {
        let length: Int
        let id: RecordID
        fileprivate let bytes: ByteBuffer
        fileprivate let crc32c: UInt32

        /// - Parameter bytes: ``RecordFrame/headerByteCount`` of them.
        /// - Returns: `nil` where no frame begins there.
        init?(_ bytes: ByteBuffer) {
            var rest = bytes
            guard rest.readInteger(as: UInt32.self) == RecordFrame.magic,
                let length = rest.readInteger(as: UInt32.self),
                let high = rest.readInteger(as: UInt64.self), let low = rest.readInteger(as: UInt64.self),
                let crc32c = rest.readInteger(as: UInt32.self)
            else { return nil }
            self.length = Int(length)
            self.crc32c = crc32c
            id = RecordID(high: high, low: low)
            self.bytes = bytes.getSlice(at: bytes.readerIndex, length: RecordFrame.headerByteCount - 4) ?? ByteBuffer()
        }

        /// Whether the record is the one that was framed.
        func matches(_ payload: ByteBuffer) -> Bool { RecordFrame.checksum(bytes, payload) == crc32c }
    }

    /// Of the header before the checksum, and the record.
    private static func checksum(_ header: ByteBuffer, _ payload: ByteBuffer) -> UInt32 {
        var crc = CRC32C()
        crc.update(header)
        crc.update(payload)
        return crc.value
    }
}
