import CMessages

/// `dfs.OpenChunkVersion`: an open chunk as somebody knows it.
package struct OpenChunkVersion: WireMessage {
    package var chunkID: String
    package var version: UInt64

    package init(chunkID: String = "", version: UInt64 = 0) {
        self.chunkID = chunkID
        self.version = version
    }

    package static let codec = WireCodec<Self>(
        dfs__open_chunk_version__init,
        read: { Self(chunkID: text($0.chunk_id), version: $0.version) },
        write: { message, field, writer throws(WireError) in
            field.chunk_id = try writer.text(message.chunkID, "chunk_id")
            field.version = message.version
        })
}

/// `dfs.EndedChunk`: an open chunk that its primary gives up, and that is to be sealed.
package struct EndedChunk: WireMessage {
    package var chunk: OpenChunkVersion
    /// Servers of the chunk that did not take its bytes.
    package var failed: [String]

    package init(chunk: OpenChunkVersion = OpenChunkVersion(), failed: [String] = []) {
        self.chunk = chunk
        self.failed = failed
    }

    package static let codec = WireCodec<Self>(
        dfs__ended_chunk__init,
        read: { field in
            Self(chunk: nested(field.chunk) ?? OpenChunkVersion(), failed: texts(field.failed, field.n_failed))
        },
        write: { message, field, writer throws(WireError) in
            field.chunk = try writer.nested(message.chunk)
            (field.n_failed, field.failed) = try writer.texts(message.failed, "failed")
        })
}

/// `dfs.RenewLeasesRequest`: a primary asks for leases, or for more time on them.
package struct RenewLeasesRequest: WireMessage {
    /// As in ``HeartbeatRequest/serverAddress``.
    package var serverAddress: String
    package var nodeID: String
    /// Chunks that the server wants to be, or to stay, the primary of.
    package var held: [OpenChunkVersion]
    /// Chunks that it gives up.
    package var ended: [EndedChunk]

    package init(
        serverAddress: String = "", nodeID: String = "", held: [OpenChunkVersion] = [], ended: [EndedChunk] = []
    ) {
        self.serverAddress = serverAddress
        self.nodeID = nodeID
        self.held = held
        self.ended = ended
    }

    package static let codec = WireCodec<Self>(
        dfs__renew_leases_request__init, limits: .file,
        read: { field in
            Self(
                serverAddress: text(field.server_address), nodeID: text(field.node_id),
                held: nestedList(field.held, field.n_held), ended: nestedList(field.ended, field.n_ended))
        },
        write: { message, field, writer throws(WireError) in
            field.server_address = try writer.text(message.serverAddress, "server_address")
            field.node_id = try writer.text(message.nodeID, "node_id")
            (field.n_held, field.held) = try writer.nestedList(message.held)
            (field.n_ended, field.ended) = try writer.nestedList(message.ended)
        })
}

/// `dfs.Lease`: the receiver is the primary of an open chunk for a time.
package struct Lease: WireMessage {
    package var chunk: OpenChunkVersion
    /// All of the chunk, the primary first.
    package var servers: [String]
    /// In bytes.
    package var chunkSize: UInt64

    package init(chunk: OpenChunkVersion = OpenChunkVersion(), servers: [String] = [], chunkSize: UInt64 = 0) {
        self.chunk = chunk
        self.servers = servers
        self.chunkSize = chunkSize
    }

    package static let codec = WireCodec<Self>(
        dfs__lease__init,
        read: { field in
            Self(
                chunk: nested(field.chunk) ?? OpenChunkVersion(), servers: texts(field.servers, field.n_servers),
                chunkSize: field.chunk_size)
        },
        write: { message, field, writer throws(WireError) in
            field.chunk = try writer.nested(message.chunk)
            (field.n_servers, field.servers) = try writer.texts(message.servers, "servers")
            field.chunk_size = message.chunkSize
        })
}

/// `dfs.RenewLeasesResponse`: the answer for each chunk that was asked for.
package struct RenewLeasesResponse: WireMessage {
    /// How long the granted leases are, in milliseconds, counted from before the request was sent.
    package var leaseMilliseconds: UInt32
    package var granted: [Lease]
    /// Ids of chunks that the server is not, or no longer, the primary of.
    package var refused: [String]

    package init(leaseMilliseconds: UInt32 = 0, granted: [Lease] = [], refused: [String] = []) {
        self.leaseMilliseconds = leaseMilliseconds
        self.granted = granted
        self.refused = refused
    }

    package static let codec = WireCodec<Self>(
        dfs__renew_leases_response__init, limits: .file,
        read: { field in
            Self(
                leaseMilliseconds: field.lease_ms, granted: nestedList(field.granted, field.n_granted),
                refused: texts(field.refused, field.n_refused))
        },
        write: { message, field, writer throws(WireError) in
            field.lease_ms = message.leaseMilliseconds
            (field.n_granted, field.granted) = try writer.nestedList(message.granted)
            (field.n_refused, field.refused) = try writer.texts(message.refused, "refused")
        })
}
