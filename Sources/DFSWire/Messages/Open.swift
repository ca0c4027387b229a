import CMessages

/// `dfs.OpenRequest`: asks for what a reader needs.
package struct OpenRequest: WireMessage {
    package var name: String

    package init(name: String = "") {
        self.name = name
    }

    package static let codec = WireCodec<Self>(
        dfs__open_request__init,
        read: { Self(name: text($0.name)) },
        write: { message, field, writer throws(WireError) in field.name = try writer.text(message.name, "name") })
}

/// `dfs.OpenResponse`: a complete file.
package struct OpenResponse: WireMessage {
    /// In bytes.
    package var length: UInt64
    /// In bytes.
    package var chunkSize: UInt64
    /// In index order.
    package var chunks: [OpenChunk]
    /// In the order of the names' bytes.
    package var attributes: [Attribute]

    package init(
        length: UInt64 = 0, chunkSize: UInt64 = 0, chunks: [OpenChunk] = [], attributes: [Attribute] = []
    ) {
        self.length = length
        self.chunkSize = chunkSize
        self.chunks = chunks
        self.attributes = attributes
    }

    package static let codec = WireCodec<Self>(
        dfs__open_response__init, limits: .file,
        read: { field in
            Self(
                length: field.length, chunkSize: field.chunk_size, chunks: nestedList(field.chunks, field.n_chunks),
                attributes: nestedList(field.attributes, field.n_attributes))
        },
        write: { message, field, writer throws(WireError) in
            field.length = message.length
            field.chunk_size = message.chunkSize
            (field.n_chunks, field.chunks) = try writer.nestedList(message.chunks)
            (field.n_attributes, field.attributes) = try writer.nestedList(message.attributes)
        })
}

/// `dfs.OpenChunk`: one chunk and its complete replicas.
package struct OpenChunk: WireMessage {
    package var digest: ChunkDigest
    /// `false` for a file that a Go client put and whose chunk nobody has read yet: then only the id in ``digest`` counts.
    package var digestKnown: Bool
    package var version: UInt64
    /// Best first.
    package var servers: [String]

    package init(
        digest: ChunkDigest = ChunkDigest(), digestKnown: Bool = false, version: UInt64 = 0, servers: [String] = []
    ) {
        self.digest = digest
        self.digestKnown = digestKnown
        self.version = version
        self.servers = servers
    }

    package static let codec = WireCodec<Self>(
        dfs__open_chunk__init,
        read: { field in
            Self(
                digest: nested(field.digest) ?? ChunkDigest(), digestKnown: field.digest_known != 0,
                version: field.version, servers: texts(field.servers, field.n_servers))
        },
        write: { message, field, writer throws(WireError) in
            field.digest = try writer.nested(message.digest)
            field.digest_known = message.digestKnown ? 1 : 0
            field.version = message.version
            (field.n_servers, field.servers) = try writer.texts(message.servers, "servers")
        })
}
