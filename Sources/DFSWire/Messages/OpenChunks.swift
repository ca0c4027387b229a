import CMessages

/// `dfs.AppendResponse`: a record is on the disk of every server of its chunk.
package struct AppendResponse: WireMessage {
    /// Of the record in its chunk, in bytes.
    package var offset: UInt64

    package init(offset: UInt64 = 0) {
        self.offset = offset
    }

    package static let codec = WireCodec<Self>(
        dfs__append_response__init, read: { Self(offset: $0.offset) },
        write: { message, field, _ in field.offset = message.offset })
}

/// `dfs.ReplicateResponse`: what one server has of an open chunk.
package struct ReplicateResponse: WireMessage {
    /// Bytes of the chunk that are durable there.
    package var length: UInt64

    package init(length: UInt64 = 0) {
        self.length = length
    }

    package static let codec = WireCodec<Self>(
        dfs__replicate_response__init, read: { Self(length: $0.length) },
        write: { message, field, _ in field.length = message.length })
}

/// `dfs.FenceRequest`: from the answer on nothing is taken for a lower version.
package struct FenceRequest: WireMessage {
    /// With the version from which on something is taken.
    package var chunk: OpenChunkVersion

    package init(chunk: OpenChunkVersion = OpenChunkVersion()) {
        self.chunk = chunk
    }

    package static let codec = WireCodec<Self>(
        dfs__fence_request__init, read: { Self(chunk: nested($0.chunk) ?? OpenChunkVersion()) },
        write: { message, field, writer throws(WireError) in field.chunk = try writer.nested(message.chunk) })
}

/// `dfs.FenceResponse`: what the server holds behind the fence.
package struct FenceResponse: WireMessage {
    package var hasChunk: Bool
    /// Durable bytes, whole records.
    package var length: UInt64
    /// It is a chunk like all others already, of that length.
    package var isSealed: Bool

    package init(hasChunk: Bool = false, length: UInt64 = 0, isSealed: Bool = false) {
        self.hasChunk = hasChunk
        self.length = length
        self.isSealed = isSealed
    }

    package static let codec = WireCodec<Self>(
        dfs__fence_response__init,
        read: { Self(hasChunk: $0.has_chunk != 0, length: $0.length, isSealed: $0.is_sealed != 0) },
        write: { message, field, _ in
            field.has_chunk = message.hasChunk ? 1 : 0
            field.length = message.length
            field.is_sealed = message.isSealed ? 1 : 0
        })
}

/// `dfs.SealRequest`: makes the beginning of an open chunk a chunk like all others.
package struct SealRequest: WireMessage {
    /// With the version of the fence.
    package var chunk: OpenChunkVersion
    /// Bytes that stay.
    package var length: UInt64

    package init(chunk: OpenChunkVersion = OpenChunkVersion(), length: UInt64 = 0) {
        self.chunk = chunk
        self.length = length
    }

    package static let codec = WireCodec<Self>(
        dfs__seal_request__init,
        read: { Self(chunk: nested($0.chunk) ?? OpenChunkVersion(), length: $0.length) },
        write: { message, field, writer throws(WireError) in
            field.chunk = try writer.nested(message.chunk)
            field.length = message.length
        })
}

/// `dfs.SealResponse`: the chunk is durable under its name.
package struct SealResponse: WireMessage {
    /// Of all its bytes.
    package var crc32c: UInt32

    package init(crc32c: UInt32 = 0) {
        self.crc32c = crc32c
    }

    package static let codec = WireCodec<Self>(
        dfs__seal_response__init, read: { Self(crc32c: $0.crc32c) },
        write: { message, field, _ in field.crc32c = message.crc32c })
}
