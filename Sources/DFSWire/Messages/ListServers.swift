import CMessages

/// `dfs.ListServersRequest`: a page of the chunk servers.
package struct ListServersRequest: WireMessage {
    /// How many servers came in the pages before.
    package var start: UInt32
    /// As in ``ListRequest``.
    package var limit: UInt32

    package init(start: UInt32 = 0, limit: UInt32 = 0) {
        self.start = start
        self.limit = limit
    }

    package static let codec = WireCodec<Self>(
        dfs__list_servers_request__init,
        read: { field in Self(start: field.start, limit: field.limit) },
        write: { message, field, _ throws(WireError) in
            field.start = message.start
            field.limit = message.limit
        })
}

/// `dfs.ListServersResponse`: in the order in which they came.
package struct ListServersResponse: WireMessage {
    package var servers: [ServerStatus]
    package var hasMore: Bool

    package init(servers: [ServerStatus] = [], hasMore: Bool = false) {
        self.servers = servers
        self.hasMore = hasMore
    }

    package static let codec = WireCodec<Self>(
        dfs__list_servers_response__init, limits: .file,
        read: { field in Self(servers: nestedList(field.servers, field.n_servers), hasMore: field.has_more != 0) },
        write: { message, field, writer throws(WireError) in
            (field.n_servers, field.servers) = try writer.nestedList(message.servers)
            field.has_more = message.hasMore ? 1 : 0
        })
}

/// `dfs.ServerStatus`: one chunk server.
package struct ServerStatus: WireMessage {
    /// As it was registered.
    package var address: String
    /// `swift`, `go`, or `unknown` while it has not been asked.
    package var kind: String
    /// Of a Swift node.
    package var nodeID: String
    package var isAlive: Bool
    /// Seconds since 1970.
    package var lastHeardAt: UInt64
    /// As it told last.
    package var freeBytes: UInt64
    /// Replicas that the master counts on it.
    package var chunkCount: UInt32
    /// Chunks in its newest list that no file has.
    package var orphanCount: UInt32
    /// As it told, or made of its host.
    package var location: String
    /// As in ``ServerState/state``.
    package var state: String
    /// In chunks of files.
    package var usedBytes: UInt64
    /// Copies that it was told to make.
    package var copiesOut: UInt32
    /// Copies that others were told to make on it.
    package var copiesIn: UInt32
    /// Deletions that its lists do not show yet.
    package var deletions: UInt32
    /// Since it was last heard of.
    package var silentSeconds: UInt64

    package init(
        address: String = "", kind: String = "", nodeID: String = "", isAlive: Bool = false, lastHeardAt: UInt64 = 0,
        freeBytes: UInt64 = 0, chunkCount: UInt32 = 0, orphanCount: UInt32 = 0, location: String = "",
        state: String = "", usedBytes: UInt64 = 0, copiesOut: UInt32 = 0, copiesIn: UInt32 = 0, deletions: UInt32 = 0,
        silentSeconds: UInt64 = 0
    ) {
        self.address = address
        self.kind = kind
        self.nodeID = nodeID
        self.isAlive = isAlive
        self.lastHeardAt = lastHeardAt
        self.freeBytes = freeBytes
        self.chunkCount = chunkCount
        self.orphanCount = orphanCount
        self.location = location
        self.state = state
        self.usedBytes = usedBytes
        self.copiesOut = copiesOut
        self.copiesIn = copiesIn
        self.deletions = deletions
        self.silentSeconds = silentSeconds
    }

    package static let codec = WireCodec<Self>(
        dfs__server_status__init,
        read: { field in
            Self(
                address: text(field.address), kind: text(field.kind), nodeID: text(field.node_id),
                isAlive: field.is_alive != 0, lastHeardAt: field.last_heard_at, freeBytes: field.free_bytes,
                chunkCount: field.chunk_count, orphanCount: field.orphan_count,
                location: text(field.location), state: text(field.state), usedBytes: field.used_bytes,
                copiesOut: field.copies_out, copiesIn: field.copies_in, deletions: field.deletions,
                silentSeconds: field.silent_seconds)
        },
        write: { message, field, writer throws(WireError) in
            field.address = try writer.text(message.address, "address")
            field.kind = try writer.text(message.kind, "kind")
            field.node_id = try writer.text(message.nodeID, "node_id")
            field.is_alive = message.isAlive ? 1 : 0
            field.last_heard_at = message.lastHeardAt
            field.free_bytes = message.freeBytes
            field.chunk_count = message.chunkCount
            field.orphan_count = message.orphanCount
            field.location = try writer.text(message.location, "location")
            field.state = try writer.text(message.state, "state")
            field.used_bytes = message.usedBytes
            field.copies_out = message.copiesOut
            field.copies_in = message.copiesIn
            field.deletions = message.deletions
            field.silent_seconds = message.silentSeconds
        })
}
