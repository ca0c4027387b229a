import CMessages

/// `master.AllocateChunkRequest`: a writer wants a place for the next chunk of a file.
package struct AllocateChunkRequest: WireMessage {
    package var fileName: String
    /// From 0.
    package var chunkIndex: Int32

    package init(fileName: String = "", chunkIndex: Int32 = 0) {
        self.fileName = fileName
        self.chunkIndex = chunkIndex
    }

    package static let codec = WireCodec<Self>(
        master__allocate_chunk_request__init,
        read: { Self(fileName: text($0.file_name), chunkIndex: $0.chunk_index) },
        write: { message, field, writer throws(WireError) in
            field.file_name = try writer.text(message.fileName, "file_name")
            field.chunk_index = message.chunkIndex
        })
}

/// `master.AllocateChunkResponse`: the chunk's id and the servers that shall hold it, first choice first.
package struct AllocateChunkResponse: WireMessage {
    package var chunkID: String
    /// Addresses as the servers registered them.
    package var replicaServers: [String]

    package init(chunkID: String = "", replicaServers: [String] = []) {
        self.chunkID = chunkID
        self.replicaServers = replicaServers
    }

    package static let codec = WireCodec<Self>(
        master__allocate_chunk_response__init,
        read: { field in
            Self(chunkID: text(field.chunk_id), replicaServers: texts(field.replica_servers, field.n_replica_servers))
        },
        write: { message, field, writer throws(WireError) in
            field.chunk_id = try writer.text(message.chunkID, "chunk_id")
            (field.n_replica_servers, field.replica_servers) =
                try writer.texts(message.replicaServers, "replica_servers")
        })
}
