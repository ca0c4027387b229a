import CMessages

/// `master.RegisterChunkServerRequest`: a chunk server joins, with all the chunks it holds.
package struct RegisterChunkServerRequest: WireMessage {
    /// Where others dial the server, as it writes it itself, such as `:9001`.
    package var serverAddress: String
    /// In MiB.
    package var freeStorage: Int64
    /// Chunk ids; from a Go node possibly with duplicates, and empty at its first registration.
    package var chunks: [String]

    package init(serverAddress: String = "", freeStorage: Int64 = 0, chunks: [String] = []) {
        self.serverAddress = serverAddress
        self.freeStorage = freeStorage
        self.chunks = chunks
    }

    package static let codec = WireCodec<Self>(
        master__register_chunk_server_request__init, limits: .server,
        read: { field in
            Self(
                serverAddress: text(field.server_address), freeStorage: field.free_storage,
                chunks: texts(field.chunks, field.n_chunks))
        },
        write: { message, field, writer throws(WireError) in
            field.server_address = try writer.text(message.serverAddress, "server_address")
            field.free_storage = message.freeStorage
            (field.n_chunks, field.chunks) = try writer.texts(message.chunks, "chunks")
        })
}

/// `master.RegisterChunkServerResponse`.
package struct RegisterChunkServerResponse: WireMessage {
    package var success: Bool

    package init(success: Bool = false) {
        self.success = success
    }

    package static let codec = WireCodec<Self>(
        master__register_chunk_server_response__init,
        read: { Self(success: $0.success != 0) },
        write: { message, field, _ in field.success = message.success ? 1 : 0 })
}
