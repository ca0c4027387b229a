import CMessages

/// `master.GetFileInfoRequest`.
package struct GetFileInfoRequest: WireMessage {
    package var fileName: String

    package init(fileName: String = "") {
        self.fileName = fileName
    }

    package static let codec = WireCodec<Self>(
        master__get_file_info_request__init,
        read: { Self(fileName: text($0.file_name)) },
        write: { message, field, writer throws(WireError) in
            field.file_name = try writer.text(message.fileName, "file_name")
        })
}

/// `master.GetFileInfoResponse`: the chunks of a file, from a Go master in any order.
package struct GetFileInfoResponse: WireMessage {
    package var fileInfo: [FileChunkInfo]

    package init(fileInfo: [FileChunkInfo] = []) {
        self.fileInfo = fileInfo
    }

    package static let codec = WireCodec<Self>(
        master__get_file_info_response__init, limits: .file,
        read: { Self(fileInfo: nestedList($0.file_info, $0.n_file_info)) },
        write: { message, field, writer throws(WireError) in
            (field.n_file_info, field.file_info) = try writer.nestedList(message.fileInfo)
        })
}

/// `master.FileChunkInfo`: one chunk and where it is.
package struct FileChunkInfo: WireMessage {
    package var chunkID: String
    /// Addresses as the servers registered them.
    package var replicaServers: [String]

    package init(chunkID: String = "", replicaServers: [String] = []) {
        self.chunkID = chunkID
        self.replicaServers = replicaServers
    }

    package static let codec = WireCodec<Self>(
        master__file_chunk_info__init,
        read: { field in
            Self(chunkID: text(field.chunk_id), replicaServers: texts(field.replica_servers, field.n_replica_servers))
        },
        write: { message, field, writer throws(WireError) in
            field.chunk_id = try writer.text(message.chunkID, "chunk_id")
            (field.n_replica_servers, field.replica_servers) =
                try writer.texts(message.replicaServers, "replica_servers")
        })
}
