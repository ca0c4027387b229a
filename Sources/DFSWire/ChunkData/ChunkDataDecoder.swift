import NIOCore

/// Reads `chunk.ChunkData` out of the segments of a message without copying its data.
///
/// Accepts and refuses what scan and protobuf-c would (the tests hold them against each other): fields in any order, the
/// last of several values of a field, unknown fields skipped.
package struct ChunkDataDecoder {
    /// Decodes one message that lies in `segments`, cut anywhere.
    ///
    /// - Throws: ``WireError`` that names the field.
    package static func decode(_ segments: [ByteBuffer]) throws(WireError) -> ChunkDataFrame {
        var cursor = RopeCursor(segments)
        var frame = ChunkDataFrame()
        while cursor.remaining > 0 {
            var field: ChunkDataField?
            do throws(WireFault) {
                let tag = try cursor.tag()
                field = ChunkDataField(rawValue: tag.number)
                if let field {
                    guard tag.wireType == field.wireType else { throw .wrongWireType }
                    try read(field, from: &cursor, into: &frame)
                } else {
                    try cursor.skipValue(of: tag.wireType)
                }
            } catch {
                throw WireError(message: ChunkDataFrame.messageName, field: field?.name, fault: error)
            }
        }
        return frame
    }

    private static func read(
        _ field: ChunkDataField, from cursor: inout RopeCursor, into frame: inout ChunkDataFrame
    ) throws(WireFault) {
        switch field {
        case .chunkID: frame.chunkID = try text(try cursor.take(cursor.length()))
        case .data: frame.data = cursor.take(try cursor.length())
        // Both keep the low 32 bits of whatever number stands there, as protobuf-c does.
        case .seqNo: frame.seqNo = Int32(truncatingIfNeeded: try cursor.varint(maxBytes: 10))
        case .checksum: frame.checksum = UInt32(truncatingIfNeeded: try cursor.varint(maxBytes: 10))
        }
    }

    private static func text(_ slices: [ByteBuffer]) throws(WireFault) -> String {
        var bytes = slices.first ?? ByteBuffer()
        for slice in slices.dropFirst() { bytes.writeImmutableBuffer(slice) }
        let result = bytes.withUnsafeReadableBytes { raw in
            Result { () throws(WireFault) -> String in
                try checkText(raw)
                return String(decoding: raw, as: UTF8.self)
            }
        }
        return try result.get()
    }
}
