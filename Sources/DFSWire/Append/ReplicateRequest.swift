import NIOCore

/// `dfs.ReplicateRequest`: names an open chunk, or brings the next batch of its records.
package struct ReplicateRequest: RecordMessage {
    /// In the first request of a call, which has no data.
    package var chunk: OpenChunkVersion?
    /// Bytes; in the first request of a call.
    package var chunkSize: UInt64
    /// Where ``data`` goes: what the receiver has by then, in bytes.
    package var offset: UInt64
    /// CRC-32C of ``data``.
    package var crc32c: UInt32
    /// Whole records, in slices of the buffers they arrived in.
    package var data: [ByteBuffer]

    package init(
        chunk: OpenChunkVersion? = nil, chunkSize: UInt64 = 0, offset: UInt64 = 0, crc32c: UInt32 = 0,
        data: [ByteBuffer] = []
    ) {
        self.chunk = chunk
        self.chunkSize = chunkSize
        self.offset = offset
        self.crc32c = crc32c
        self.data = data
    }

    init() { self.init(chunk: nil) }

    /// The full name of the message.
    package static let messageName = "dfs.ReplicateRequest"

    /// Bytes that the message has beside its data, at most, where ``chunk`` is not set.
    package static let maxPrefixSize = 64

    /// Decodes one message that lies in `segments`, cut anywhere; ``data`` shares their memory.
    ///
    /// - Throws: ``WireError`` that names the field.
    package init(wire segments: [ByteBuffer]) throws(WireError) { self = try Self.decoded(segments) }

    /// The segments of the message: a short prefix, then ``data`` itself.
    package func encoded() throws(WireError) -> [ByteBuffer] {
        let chunk = try chunk?.encoded()
        var prefix = RecordPrefix(capacity: Self.maxPrefixSize + (chunk?.readableBytes ?? 0))
        if let chunk { prefix.append(Field.chunk, bytes: chunk) }
        prefix.append(Field.chunkSize, number: chunkSize)
        prefix.append(Field.offset, number: offset)
        prefix.append(Field.crc32c, number: UInt64(crc32c))
        prefix.appendLength(Field.data, of: data)
        return [prefix.buffer] + data
    }

    enum Field: UInt32, RecordMessageField {
        case chunk = 1
        case chunkSize = 2
        case offset = 3
        case data = 4
        case crc32c = 5

        var name: String {
            switch self {
            case .chunk: "chunk"
            case .chunkSize: "chunk_size"
            case .offset: "offset"
            case .data: "data"
            case .crc32c: "crc32c"
            }
        }

        var wireType: WireType { self == .chunk || self == .data ? .lengthDelimited : .varint }
    }

    mutating func read(_ field: Field, from cursor: inout RopeCursor) throws(WireFault) {
        switch field {
        case .chunk: chunk = try cursor.chunk(after: chunk)
        case .chunkSize: chunkSize = try cursor.varint(maxBytes: 10)
        case .offset: offset = try cursor.varint(maxBytes: 10)
        case .data: data = cursor.take(try cursor.length())
        case .crc32c: crc32c = try cursor.number32()
        }
    }
}
