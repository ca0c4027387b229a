import NIOCore

/// `chunk.ChunkData`: a piece of a chunk on its way. The one hot message, so it does not pass through protobuf-c.
package struct ChunkDataFrame: Sendable, Equatable {
    package var chunkID: String
    /// Counts from 0 in each stream.
    package var seqNo: Int32
    /// CRC-32C of ``data``; 0 means that none was given, as Go nodes do.
    package var checksum: UInt32
    /// The bytes in order, slices of the buffers they arrived in.
    package var data: [ByteBuffer]

    package init(chunkID: String = "", seqNo: Int32 = 0, checksum: UInt32 = 0, data: [ByteBuffer] = []) {
        self.chunkID = chunkID
        self.seqNo = seqNo
        self.checksum = checksum
        self.data = data
    }

    /// The length of ``data`` in bytes.
    package var dataByteCount: Int { data.reduce(0) { $0 + $1.readableBytes } }

    /// The full name of the message.
    package static let messageName = "chunk.ChunkData"
}

/// The fields of `chunk.ChunkData` by number.
enum ChunkDataField: UInt32 {
    case chunkID = 1
    case data = 2
    case seqNo = 3
    case checksum = 4

    var name: String {
        switch self {
        case .chunkID: "chunk_id"
        case .data: "data"
        case .seqNo: "seq_no"
        case .checksum: "checksum"
        }
    }

    var wireType: WireType {
        switch self {
        case .chunkID, .data: .lengthDelimited
        case .seqNo, .checksum: .varint
        }
    }
}
