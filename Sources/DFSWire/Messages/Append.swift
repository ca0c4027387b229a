import CMessages

/// `dfs.OpenAppendRequest`: a writer asks where its next record goes.
package struct OpenAppendRequest: WireMessage {
    /// Of a complete file.
    package var name: String
    /// Drawn by the client, the same for all it does with one file.
    package var writerID: String
    /// Nobody else shall append while this writer lives.
    package var isExclusive: Bool
    /// An open chunk that took a record no longer; empty: none.
    package var failedChunk: String
    package var failedVersion: UInt64
    /// Servers that the writer could not reach.
    package var excluded: [String]

    package init(
        name: String = "", writerID: String = "", isExclusive: Bool = false, failedChunk: String = "",
        failedVersion: UInt64 = 0, excluded: [String] = []
    ) {
        self.name = name
        self.writerID = writerID
        self.isExclusive = isExclusive
        self.failedChunk = failedChunk
        self.failedVersion = failedVersion
        self.excluded = excluded
    }

    package static let codec = WireCodec<Self>(
        dfs__open_append_request__init,
        read: { field in
            Self(
                name: text(field.name), writerID: text(field.writer_id), isExclusive: field.is_exclusive != 0,
                failedChunk: text(field.failed_chunk), failedVersion: field.failed_version,
                excluded: texts(field.excluded, field.n_excluded))
        },
        write: { message, field, writer throws(WireError) in
            field.name = try writer.text(message.name, "name")
            field.writer_id = try writer.text(message.writerID, "writer_id")
            field.is_exclusive = message.isExclusive ? 1 : 0
            field.failed_chunk = try writer.text(message.failedChunk, "failed_chunk")
            field.failed_version = message.failedVersion
            (field.n_excluded, field.excluded) = try writer.texts(message.excluded, "excluded")
        })
}

/// `dfs.OpenAppendResponse`: the open chunk.
package struct OpenAppendResponse: WireMessage {
    package var chunkID: String
    package var version: UInt64
    /// The primary first.
    package var servers: [String]
    /// Bytes of the file before this chunk.
    package var start: UInt64
    /// Bytes that the chunk holds at most.
    package var chunkSize: UInt64
    /// The writer asks again within this time, or others may take its place.
    package var claimMilliseconds: UInt32

    package init(
        chunkID: String = "", version: UInt64 = 0, servers: [String] = [], start: UInt64 = 0, chunkSize: UInt64 = 0,
        claimMilliseconds: UInt32 = 0
    ) {
        self.chunkID = chunkID
        self.version = version
        self.servers = servers
        self.start = start
        self.chunkSize = chunkSize
        self.claimMilliseconds = claimMilliseconds
    }

    package static let codec = WireCodec<Self>(
        dfs__open_append_response__init,
        read: { field in
            Self(
                chunkID: text(field.chunk_id), version: field.version, servers: texts(field.servers, field.n_servers),
                start: field.start, chunkSize: field.chunk_size, claimMilliseconds: field.claim_ms)
        },
        write: { message, field, writer throws(WireError) in
            field.chunk_id = try writer.text(message.chunkID, "chunk_id")
            field.version = message.version
            (field.n_servers, field.servers) = try writer.texts(message.servers, "servers")
            field.start = message.start
            field.chunk_size = message.chunkSize
            field.claim_ms = message.claimMilliseconds
        })
}

/// `dfs.CloseAppendRequest`: a writer is done.
package struct CloseAppendRequest: WireMessage {
    package var name: String
    package var writerID: String

    package init(name: String = "", writerID: String = "") {
        self.name = name
        self.writerID = writerID
    }

    package static let codec = WireCodec<Self>(
        dfs__close_append_request__init,
        read: { Self(name: text($0.name), writerID: text($0.writer_id)) },
        write: { message, field, writer throws(WireError) in
            field.name = try writer.text(message.name, "name")
            field.writer_id = try writer.text(message.writerID, "writer_id")
        })
}

/// `dfs.CloseAppendResponse`.
package struct CloseAppendResponse: WireMessage {
    package init() {}

    package static let codec = WireCodec<Self>(
        dfs__close_append_response__init, read: { _ in Self() }, write: { _, _, _ throws(WireError) in })
}
