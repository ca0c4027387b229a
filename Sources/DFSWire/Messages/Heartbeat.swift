import CMessages

/// `master.HeartbeatRequest`: a chunk server lives, and holds these chunks.
package struct HeartbeatRequest: WireMessage {
    /// As in ``RegisterChunkServerRequest/serverAddress``.
    package var serverAddress: String
    /// In MiB.
    package var freeStorage: Int64
    /// All chunk ids of the server; from a Go node possibly with duplicates.
    package var chunks: [String]

    package init(serverAddress: String = "", freeStorage: Int64 = 0, chunks: [String] = []) {
        self.serverAddress = serverAddress
        self.freeStorage = freeStorage
        self.chunks = chunks
    }

    package static let codec = WireCodec<Self>(
        master__heartbeat_request__init, limits: .server,
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

/// `master.HeartbeatResponse`: what the master wants done; also sent unasked.
package struct HeartbeatResponse: WireMessage {
    package var replicationTasks: [ReplicationTask]
    package var deleteTasks: [DeleteTask]

    package init(replicationTasks: [ReplicationTask] = [], deleteTasks: [DeleteTask] = []) {
        self.replicationTasks = replicationTasks
        self.deleteTasks = deleteTasks
    }

    package static let codec = WireCodec<Self>(
        master__heartbeat_response__init, limits: .server,
        read: { field in
            Self(
                replicationTasks: nestedList(field.replication_tasks, field.n_replication_tasks),
                deleteTasks: nestedList(field.delete_tasks, field.n_delete_tasks))
        },
        write: { message, field, writer throws(WireError) in
            (field.n_replication_tasks, field.replication_tasks) = try writer.nestedList(message.replicationTasks)
            (field.n_delete_tasks, field.delete_tasks) = try writer.nestedList(message.deleteTasks)
        })
}

/// `master.ReplicationTask`: the receiver sends its copy of a chunk to another server. Go masters repeat it.
package struct ReplicationTask: WireMessage {
    package var chunkID: String
    package var targetAddress: String

    package init(chunkID: String = "", targetAddress: String = "") {
        self.chunkID = chunkID
        self.targetAddress = targetAddress
    }

    package static let codec = WireCodec<Self>(
        master__replication_task__init,
        read: { Self(chunkID: text($0.chunk_id), targetAddress: text($0.target_address)) },
        write: { message, field, writer throws(WireError) in
            field.chunk_id = try writer.text(message.chunkID, "chunk_id")
            field.target_address = try writer.text(message.targetAddress, "target_address")
        })
}

/// `master.DeleteTask`: the receiver drops its copy of a chunk.
package struct DeleteTask: WireMessage {
    package var chunkID: String

    package init(chunkID: String = "") {
        self.chunkID = chunkID
    }

    package static let codec = WireCodec<Self>(
        master__delete_task__init,
        read: { Self(chunkID: text($0.chunk_id)) },
        write: { message, field, writer throws(WireError) in
            field.chunk_id = try writer.text(message.chunkID, "chunk_id")
        })
}
