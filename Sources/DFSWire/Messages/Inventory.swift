import CMessages

/// `dfs.InventoryRequest`: a chunk server lives; what it holds, or what has changed in that.
package struct InventoryRequest: WireMessage {
    /// As in ``HeartbeatRequest/serverAddress``.
    package var serverAddress: String
    package var nodeID: String
    /// As in ``ReportRequest/tlsPort``.
    package var tlsPort: UInt32
    package var freeBytes: UInt64
    /// Whether a full report begins with it: what was told before counts no longer.
    package var begins: Bool
    /// With ``begins``: what keys the digest.
    package var keyLow: UInt64
    package var keyHigh: UInt64
    /// Held, and not told of before.
    package var added: [HeldChunk]
    /// Told of before; more is known of them now.
    package var changed: [HeldChunk]
    /// Told of before, and held no longer.
    package var removed: [String]
    /// Whether the full report goes on with the next request; then there is no digest.
    package var isPartial: Bool
    /// Of all ids that are told of now.
    package var digestLow: UInt64
    package var digestHigh: UInt64
    /// Of those ids.
    package var count: UInt64

    package init(
        serverAddress: String = "", nodeID: String = "", tlsPort: UInt32 = 0, freeBytes: UInt64 = 0,
        begins: Bool = false, keyLow: UInt64 = 0, keyHigh: UInt64 = 0, added: [HeldChunk] = [],
        changed: [HeldChunk] = [], removed: [String] = [], isPartial: Bool = false, digestLow: UInt64 = 0,
        digestHigh: UInt64 = 0, count: UInt64 = 0
    ) {
        self.serverAddress = serverAddress
        self.nodeID = nodeID
        self.tlsPort = tlsPort
        self.freeBytes = freeBytes
        self.begins = begins
        self.keyLow = keyLow
        self.keyHigh = keyHigh
        self.added = added
        self.changed = changed
        self.removed = removed
        self.isPartial = isPartial
        self.digestLow = digestLow
        self.digestHigh = digestHigh
        self.count = count
    }

    package static let codec = WireCodec<Self>(
        dfs__inventory_request__init, limits: .server,
        read: { field in
            Self(
                serverAddress: text(field.server_address), nodeID: text(field.node_id), tlsPort: field.tls_port,
                freeBytes: field.free_bytes, begins: field.begins != 0, keyLow: field.key_low, keyHigh: field.key_high,
                added: nestedList(field.added, field.n_added), changed: nestedList(field.changed, field.n_changed),
                removed: texts(field.removed, field.n_removed), isPartial: field.is_partial != 0,
                digestLow: field.digest_low, digestHigh: field.digest_high, count: field.count)
        },
        write: { message, field, writer throws(WireError) in
            field.server_address = try writer.text(message.serverAddress, "server_address")
            field.node_id = try writer.text(message.nodeID, "node_id")
            field.tls_port = message.tlsPort
            field.free_bytes = message.freeBytes
            field.begins = message.begins ? 1 : 0
            field.key_low = message.keyLow
            field.key_high = message.keyHigh
            (field.n_added, field.added) = try writer.nestedList(message.added)
            (field.n_changed, field.changed) = try writer.nestedList(message.changed)
            (field.n_removed, field.removed) = try writer.texts(message.removed, "removed")
            field.is_partial = message.isPartial ? 1 : 0
            field.digest_low = message.digestLow
            field.digest_high = message.digestHigh
            field.count = message.count
        })
}

/// `dfs.HeldChunk`: a chunk that has a file on the server.
package struct HeldChunk: WireMessage {
    package var chunkID: String
    /// Whether the server knows length and checksum.
    package var isVerified: Bool
    /// In bytes.
    package var length: UInt64
    /// Of the whole chunk.
    package var crc32c: UInt32
    /// As in ``ChunkDigest``.
    package var isAdopted: Bool

    package init(
        chunkID: String = "", isVerified: Bool = false, length: UInt64 = 0, crc32c: UInt32 = 0, isAdopted: Bool = false
    ) {
        self.chunkID = chunkID
        self.isVerified = isVerified
        self.length = length
        self.crc32c = crc32c
        self.isAdopted = isAdopted
    }

    package static let codec = WireCodec<Self>(
        dfs__held_chunk__init,
        read: { field in
            Self(
                chunkID: text(field.chunk_id), isVerified: field.is_verified != 0, length: field.length,
                crc32c: field.crc32c, isAdopted: field.is_adopted != 0)
        },
        write: { message, field, writer throws(WireError) in
            field.chunk_id = try writer.text(message.chunkID, "chunk_id")
            field.is_verified = message.isVerified ? 1 : 0
            field.length = message.length
            field.crc32c = message.crc32c
            field.is_adopted = message.isAdopted ? 1 : 0
        })
}

/// `dfs.InventoryResponse`: what the master wants done; also sent unasked.
package struct InventoryResponse: WireMessage {
    package var replicationTasks: [ReplicationTask]
    package var deleteTasks: [DeleteTask]
    /// Whether it answers the oldest request that has no answer yet.
    package var isAnswer: Bool
    /// As in ``ReportResponse/unwantedChunks``.
    package var unwantedChunks: [String]
    /// The digests differ, or the master does not know what was told before.
    package var wantsFullReport: Bool

    package init(
        replicationTasks: [ReplicationTask] = [], deleteTasks: [DeleteTask] = [], isAnswer: Bool = false,
        unwantedChunks: [String] = [], wantsFullReport: Bool = false
    ) {
        self.replicationTasks = replicationTasks
        self.deleteTasks = deleteTasks
        self.isAnswer = isAnswer
        self.unwantedChunks = unwantedChunks
        self.wantsFullReport = wantsFullReport
    }

    package static let codec = WireCodec<Self>(
        dfs__inventory_response__init, limits: .server,
        read: { field in
            Self(
                replicationTasks: nestedList(field.replication_tasks, field.n_replication_tasks),
                deleteTasks: nestedList(field.delete_tasks, field.n_delete_tasks), isAnswer: field.is_answer != 0,
                unwantedChunks: texts(field.unwanted_chunks, field.n_unwanted_chunks),
                wantsFullReport: field.wants_full_report != 0)
        },
        write: { message, field, writer throws(WireError) in
            (field.n_replication_tasks, field.replication_tasks) = try writer.nestedList(message.replicationTasks)
            (field.n_delete_tasks, field.delete_tasks) = try writer.nestedList(message.deleteTasks)
            field.is_answer = message.isAnswer ? 1 : 0
            (field.n_unwanted_chunks, field.unwanted_chunks) =
                try writer.texts(message.unwantedChunks, "unwanted_chunks")
            field.wants_full_report = message.wantsFullReport ? 1 : 0
        })
}
