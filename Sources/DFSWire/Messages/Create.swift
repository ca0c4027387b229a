import CMessages

/// `dfs.CreateRequest`: opens a new file for writing.
package struct CreateRequest: WireMessage {
    package var name: String
    /// The wanted number of replicas; 0 means the master's default.
    package var replication: UInt32
    /// A file of that name goes to the trash when this one is complete.
    package var replaces: Bool
    /// Drawn by the client: the same again gives the same upload.
    package var requestID: String
    /// In any order, each name once.
    package var attributes: [Attribute]
    /// How long the upload shall be kept when its connection is lost; 0 for an upload that no put resumes.
    package var keepSeconds: UInt32

    package init(
        name: String = "", replication: UInt32 = 0, replaces: Bool = false, requestID: String = "",
        attributes: [Attribute] = [], keepSeconds: UInt32 = 0
    ) {
        self.name = name
        self.replication = replication
        self.replaces = replaces
        self.requestID = requestID
        self.attributes = attributes
        self.keepSeconds = keepSeconds
    }

    package static let codec = WireCodec<Self>(
        dfs__create_request__init,
        read: { field in
            Self(
                name: text(field.name), replication: field.replication, replaces: field.replaces != 0,
                requestID: text(field.request_id), attributes: nestedList(field.attributes, field.n_attributes),
                keepSeconds: field.keep_seconds)
        },
        write: { message, field, writer throws(WireError) in
            field.name = try writer.text(message.name, "name")
            field.replication = message.replication
            field.replaces = message.replaces ? 1 : 0
            field.request_id = try writer.text(message.requestID, "request_id")
            (field.n_attributes, field.attributes) = try writer.nestedList(message.attributes)
            field.keep_seconds = message.keepSeconds
        })
}

/// `dfs.CreateResponse`: the name is the caller's until the upload is completed, abandoned or lost.
package struct CreateResponse: WireMessage {
    /// Sent as call metadata `dfs-upload` with AllocateChunk.
    package var uploadID: String
    /// In bytes; every chunk of the file but its last has exactly this size.
    package var chunkSize: UInt64
    package var replication: UInt32

    package init(uploadID: String = "", chunkSize: UInt64 = 0, replication: UInt32 = 0) {
        self.uploadID = uploadID
        self.chunkSize = chunkSize
        self.replication = replication
    }

    package static let codec = WireCodec<Self>(
        dfs__create_response__init,
        read: { Self(uploadID: text($0.upload_id), chunkSize: $0.chunk_size, replication: $0.replication) },
        write: { message, field, writer throws(WireError) in
            field.upload_id = try writer.text(message.uploadID, "upload_id")
            field.chunk_size = message.chunkSize
            field.replication = message.replication
        })
}
