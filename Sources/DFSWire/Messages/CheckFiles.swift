import CMessages

/// `dfs.CheckFilesRequest`: how are the replicas of these files?
package struct CheckFilesRequest: WireMessage {
    /// A file or folder; empty for the root.
    package var path: String
    /// The end of the page before; `nil` for the first page.
    package var after: CheckPosition?
    /// Whether each chunk is told of, too.
    package var withChunks: Bool

    package init(path: String = "", after: CheckPosition? = nil, withChunks: Bool = false) {
        self.path = path
        self.after = after
        self.withChunks = withChunks
    }

    package static let codec = WireCodec<Self>(
        dfs__check_files_request__init,
        read: { field in
            Self(path: text(field.path), after: nested(field.after), withChunks: field.with_chunks != 0)
        },
        write: { message, field, writer throws(WireError) in
            field.path = try writer.text(message.path, "path")
            if let after = message.after { field.after = try writer.nested(after) }
            field.with_chunks = message.withChunks ? 1 : 0
        })
}

/// `dfs.CheckPosition`: how far a check has come.
package struct CheckPosition: WireMessage {
    /// Of the path of the last file or folder that was looked at, below the request's path.
    package var parts: [String]
    /// How many chunks of that file were; 0: it is done.
    package var chunks: UInt32

    package init(parts: [String] = [], chunks: UInt32 = 0) {
        self.parts = parts
        self.chunks = chunks
    }

    package static let codec = WireCodec<Self>(
        dfs__check_position__init,
        read: { field in Self(parts: texts(field.parts, field.n_parts), chunks: field.chunks) },
        write: { message, field, writer throws(WireError) in
            (field.n_parts, field.parts) = try writer.texts(message.parts, "parts")
            field.chunks = message.chunks
        })
}

/// `dfs.CheckFilesResponse`: one page.
package struct CheckFilesResponse: WireMessage {
    /// In the order of their paths' parts; a file of many chunks comes in parts.
    package var files: [CheckedFile]
    /// `nil` where nothing is left.
    package var end: CheckPosition?
    /// The master has just started: chunk servers that are well may not have come back to it.
    package var isStarting: Bool

    package init(files: [CheckedFile] = [], end: CheckPosition? = nil, isStarting: Bool = false) {
        self.files = files
        self.end = end
        self.isStarting = isStarting
    }

    package static let codec = WireCodec<Self>(
        dfs__check_files_response__init, limits: .file,
        read: { field in
            Self(
                files: nestedList(field.files, field.n_files), end: nested(field.end),
                isStarting: field.is_starting != 0)
        },
        write: { message, field, writer throws(WireError) in
            (field.n_files, field.files) = try writer.nestedList(message.files)
            if let end = message.end { field.end = try writer.nested(end) }
            field.is_starting = message.isStarting ? 1 : 0
        })
}

/// `dfs.CheckedFile`: a file, or some of its chunks.
package struct CheckedFile: WireMessage {
    package var path: String
    /// Still being written.
    package var isOpen: Bool
    /// In bytes.
    package var length: UInt64
    /// Copies wanted.
    package var replication: UInt32
    /// Of the whole file.
    package var chunkCount: UInt32
    /// What follows tells of the chunks from this one on.
    package var firstChunk: UInt32
    /// With all copies.
    package var healthyChunks: UInt32
    /// With some.
    package var underReplicatedChunks: UInt32
    /// With none that is complete.
    package var missingChunks: UInt32
    /// Where they were asked for.
    package var chunks: [CheckedChunk]
    /// Behind its chunks is one that takes records.
    package var isAppended: Bool

    package init(
        path: String = "", isOpen: Bool = false, length: UInt64 = 0, replication: UInt32 = 0, chunkCount: UInt32 = 0,
        firstChunk: UInt32 = 0, healthyChunks: UInt32 = 0, underReplicatedChunks: UInt32 = 0,
        missingChunks: UInt32 = 0, chunks: [CheckedChunk] = [], isAppended: Bool = false
    ) {
        self.path = path
        self.isOpen = isOpen
        self.length = length
        self.replication = replication
        self.chunkCount = chunkCount
        self.firstChunk = firstChunk
        self.healthyChunks = healthyChunks
        self.underReplicatedChunks = underReplicatedChunks
        self.missingChunks = missingChunks
        self.chunks = chunks
        self.isAppended = isAppended
    }

    package static let codec = WireCodec<Self>(
        dfs__checked_file__init,
        read: { field in
            Self(
                path: text(field.path), isOpen: field.is_open != 0, length: field.length,
                replication: field.replication, chunkCount: field.chunk_count, firstChunk: field.first_chunk,
                healthyChunks: field.healthy_chunks, underReplicatedChunks: field.under_replicated_chunks,
                missingChunks: field.missing_chunks, chunks: nestedList(field.chunks, field.n_chunks),
                isAppended: field.is_appended != 0)
        },
        write: { message, field, writer throws(WireError) in
            field.path = try writer.text(message.path, "path")
            field.is_open = message.isOpen ? 1 : 0
            field.is_appended = message.isAppended ? 1 : 0
            field.length = message.length
            field.replication = message.replication
            field.chunk_count = message.chunkCount
            field.first_chunk = message.firstChunk
            field.healthy_chunks = message.healthyChunks
            field.under_replicated_chunks = message.underReplicatedChunks
            field.missing_chunks = message.missingChunks
            (field.n_chunks, field.chunks) = try writer.nestedList(message.chunks)
        })
}

/// `dfs.CheckedChunk`: one chunk and the live servers that hold it whole.
package struct CheckedChunk: WireMessage {
    package var digest: ChunkDigest
    /// Otherwise only the id in ``digest`` counts.
    package var digestKnown: Bool
    package var servers: [String]

    package init(digest: ChunkDigest = ChunkDigest(), digestKnown: Bool = false, servers: [String] = []) {
        self.digest = digest
        self.digestKnown = digestKnown
        self.servers = servers
    }

    package static let codec = WireCodec<Self>(
        dfs__checked_chunk__init,
        read: { field in
            Self(
                digest: nested(field.digest) ?? ChunkDigest(), digestKnown: field.digest_known != 0,
                servers: texts(field.servers, field.n_servers))
        },
        write: { message, field, writer throws(WireError) in
            field.digest = try writer.nested(message.digest)
            field.digest_known = message.digestKnown ? 1 : 0
            (field.n_servers, field.servers) = try writer.texts(message.servers, "servers")
        })
}
