import CMessages

@testable import DFSWire

/// `chunk.ChunkData` through scan and protobuf-c, as all other messages go: what the streaming codec is held against.
struct ReferenceChunkData: WireMessage {
    var chunkID: String
    var data: [UInt8]
    var seqNo: Int32
    var checksum: UInt32

    static let codec = WireCodec<Self>(
        chunk__chunk_data__init, limits: .server,
        read: { field in
            Self(
                chunkID: text(field.chunk_id),
                data: Array(UnsafeBufferPointer(start: field.data.data, count: field.data.len)), seqNo: field.seq_no,
                checksum: field.checksum)
        },
        write: { message, field, writer throws(WireError) in
            field.chunk_id = try writer.text(message.chunkID, "chunk_id")
            field.data.len = message.data.count
            field.data.data = try writer.allocate(UInt8.self, count: message.data.count)
            for (index, byte) in message.data.enumerated() { field.data.data[index] = byte }
            field.seq_no = message.seqNo
            field.checksum = message.checksum
        })
}

extension ReferenceChunkData {
    init(_ frame: ChunkDataFrame) {
        self.init(
            chunkID: frame.chunkID, data: frame.data.flatMap { Array($0.readableBytesView) }, seqNo: frame.seqNo,
            checksum: frame.checksum)
    }
}
