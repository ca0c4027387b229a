import NIOCore

/// The data of one message of an upload.
package struct UploadPiece: Sendable {
    /// The data, in order, in slices of the buffers it arrived in.
    package let segments: [ByteBuffer]
    /// CRC-32C of this data as the sender computed it; 0 when it gave none.
    package let checksum: UInt32

    package init(segments: [ByteBuffer], checksum: UInt32) {
        self.segments = segments
        self.checksum = checksum
    }

    /// Bytes of data.
    package var byteCount: Int { segments.reduce(0) { $0 + $1.readableBytes } }
}

/// What the sender of an upload says about the whole chunk before it is sent.
package struct ExpectedContent: Sendable {
    /// Bytes.
    package var length: Int64?
    /// Of all the bytes.
    package var crc32c: UInt32?

    package init(length: Int64? = nil, crc32c: UInt32? = nil) {
        self.length = length
        self.crc32c = crc32c
    }
}
