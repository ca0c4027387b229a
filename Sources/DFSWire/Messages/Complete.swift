import CMessages

/// `dfs.ChunkDigest`: what the bytes of a chunk are.
package struct ChunkDigest: WireMessage {
    package var chunkID: String
    /// In bytes.
    package var length: UInt64
    /// Of the whole chunk.
    package var crc32c: UInt32
    /// In a report: read off a file that the server did not write, so that it may be torn.
    package var isAdopted: Bool

    package init(chunkID: String = "", length: UInt64 = 0, crc32c: UInt32 = 0, isAdopted: Bool = false) {
        self.chunkID = chunkID
        self.length = length
        self.crc32c = crc32c
        self.isAdopted = isAdopted
    }

    package static let codec = WireCodec<Self>(
        dfs__chunk_digest__init,
        read: { field in
            Self(
                chunkID: text(field.chunk_id), length: field.length, crc32c: field.crc32c,
                isAdopted: field.is_adopted != 0)
        },
        write: { message, field, writer throws(WireError) in
            field.chunk_id = try writer.text(message.chunkID, "chunk_id")
            field.length = message.length
            field.crc32c = message.crc32c
            field.is_adopted = message.isAdopted ? 1 : 0
        })
}

/// `dfs.ChunkReplicas`: the servers that acknowledged one chunk to its writer.
package struct ChunkReplicas: WireMessage {
    /// Addresses as AllocateChunk gave them.
    package var servers: [String]

    package init(servers: [String] = []) {
        self.servers = servers
    }

    package static let codec = WireCodec<Self>(
        dfs__chunk_replicas__init,
        read: { Self(servers: texts($0.servers, $0.n_servers)) },
        write: { message, field, writer throws(WireError) in
            (field.n_servers, field.servers) = try writer.texts(message.servers, "servers")
        })
}

/// `dfs.CompleteRequest`: seals a file.
package struct CompleteRequest: WireMessage {
    package var uploadID: String
    /// In index order, all of the file.
    package var chunks: [ChunkDigest]
    /// In the order of ``chunks``.
    package var replicas: [ChunkReplicas]

    package init(uploadID: String = "", chunks: [ChunkDigest] = [], replicas: [ChunkReplicas] = []) {
        self.uploadID = uploadID
        self.chunks = chunks
        self.replicas = replicas
    }

    package static let codec = WireCodec<Self>(
        dfs__complete_request__init, limits: .file,
        read: { field in
            Self(
                uploadID: text(field.upload_id), chunks: nestedList(field.chunks, field.n_chunks),
                replicas: nestedList(field.replicas, field.n_replicas))
        },
        write: { message, field, writer throws(WireError) in
            field.upload_id = try writer.text(message.uploadID, "upload_id")
            (field.n_chunks, field.chunks) = try writer.nestedList(message.chunks)
            (field.n_replicas, field.replicas) = try writer.nestedList(message.replicas)
        })
}

/// `dfs.CompleteResponse`: the file is durable and visible.
package struct CompleteResponse: WireMessage {
    package init() {}

    package static let codec = WireCodec<Self>(
        dfs__complete_response__init, read: { (_: Dfs__CompleteResponse) in Self() }, write: { _, _, _ in })
}
