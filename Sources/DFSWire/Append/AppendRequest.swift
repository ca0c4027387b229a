import DFSCore
import NIOCore

/// `dfs.AppendRequest`: names an open chunk, or brings one record for it.
package struct AppendRequest: RecordMessage {
    /// In the first request of a call, which has no record.
    package var chunk: OpenChunkVersion?
    /// In all others.
    package var recordID: RecordID?
    /// CRC-32C of ``data``.
    package var crc32c: UInt32
    /// The record, in slices of the buffers it arrived in.
    package var data: [ByteBuffer]

    package init(
        chunk: OpenChunkVersion? = nil, recordID: RecordID? = nil, crc32c: UInt32 = 0, data: [ByteBuffer] = []
    ) {
        self.chunk = chunk
        self.recordID = recordID
        self.crc32c = crc32c
        self.data = data
    }

    init() { self.init(chunk: nil) }

    /// The full name of the message.
    package static let messageName = "dfs.AppendRequest"

    /// Bytes that the message has beside its data, at most, where ``chunk`` is not set.
    package static let maxPrefixSize = 64

    /// Decodes one message that lies in `segments`, cut anywhere; ``data`` shares their memory.
    ///
    /// - Throws: ``WireError`` that names the field; a record id of another length is malformed.
    package init(wire segments: [ByteBuffer]) throws(WireError) { self = try Self.decoded(segments) }

    /// The segments of the message: a short prefix, then ``data`` itself.
    package func encoded() throws(WireError) -> [ByteBuffer] {
        let chunk = try chunk?.encoded()
        var prefix = RecordPrefix(capacity: Self.maxPrefixSize + (chunk?.readableBytes ?? 0))
        if let chunk { prefix.append(Field.chunk, bytes: chunk) }
        if let recordID { prefix.append(Field.recordID, id: recordID) }
        prefix.append(Field.crc32c, number: UInt64(crc32c))
        prefix.appendLength(Field.data, of: data)
        return [prefix.buffer] + data
    }

    enum Field: UInt32, RecordMessageField {
        case chunk = 1
        case recordID = 2
        case data = 3
        case crc32c = 4

        var name: String {
            switch self {
            case .chunk: "chunk"
            case .recordID: "record_id"
            case .data: "data"
            case .crc32c: "crc32c"
            }
        }

        var wireType: WireType { self == .crc32c ? .varint : .lengthDelimited }
    }

    mutating func read(_ field: Field, from cursor: inout RopeCursor) throws(WireFault) {
        switch field {
        case .chunk: chunk = try cursor.chunk(after: chunk)
        case .recordID: recordID = try cursor.recordID()
        case .data: data = cursor.take(try cursor.length())
        case .crc32c: crc32c = try cursor.number32()
        }
    }
}

extension RopeCursor {
    /// `nil` for the zero value, which is no bytes.
    fileprivate mutating func recordID() throws(WireFault) -> RecordID? {
        let count = try length()
        if count == 0 { return nil }
        guard count == RecordID.byteCount else { throw .malformed }
        var bytes = ByteBuffer()
        for slice in take(count) { bytes.writeImmutableBuffer(slice) }
        guard let high = bytes.readInteger(as: UInt64.self), let low = bytes.readInteger(as: UInt64.self) else {
            throw .malformed
        }
        return RecordID(high: high, low: low)
    }
}
