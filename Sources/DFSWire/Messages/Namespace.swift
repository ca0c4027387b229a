import CMessages

/// `dfs.MakeFolderRequest`: makes a folder and those above it.
package struct MakeFolderRequest: WireMessage {
    package var path: String

    package init(path: String = "") {
        self.path = path
    }

    package static let codec = WireCodec<Self>(
        dfs__make_folder_request__init,
        read: { field in Self(path: text(field.path)) },
        write: { message, field, writer throws(WireError) in
            field.path = try writer.text(message.path, "path")
        })
}

/// `dfs.MakeFolderResponse`: the folder is there.
package struct MakeFolderResponse: WireMessage {
    package init() {}

    package static let codec = WireCodec<Self>(
        dfs__make_folder_response__init, read: { (_: Dfs__MakeFolderResponse) in Self() }, write: { _, _, _ in })
}

/// `dfs.RenameRequest`: gives a file or folder another path.
package struct RenameRequest: WireMessage {
    package var source: String
    package var target: String
    /// A file at the target goes to the trash.
    package var replaces: Bool
    /// Drawn by the client: asked again, it is not done again.
    package var requestID: String

    package init(source: String = "", target: String = "", replaces: Bool = false, requestID: String = "") {
        self.source = source
        self.target = target
        self.replaces = replaces
        self.requestID = requestID
    }

    package static let codec = WireCodec<Self>(
        dfs__rename_request__init,
        read: { field in
            Self(
                source: text(field.source), target: text(field.target), replaces: field.replaces != 0,
                requestID: text(field.request_id))
        },
        write: { message, field, writer throws(WireError) in
            field.source = try writer.text(message.source, "source")
            field.target = try writer.text(message.target, "target")
            field.replaces = message.replaces ? 1 : 0
            field.request_id = try writer.text(message.requestID, "request_id")
        })
}

/// `dfs.RenameResponse`: it is done and durable.
package struct RenameResponse: WireMessage {
    package init() {}

    package static let codec = WireCodec<Self>(
        dfs__rename_response__init, read: { (_: Dfs__RenameResponse) in Self() }, write: { _, _, _ in })
}

/// `dfs.RemoveRequest`: moves a file or folder to the trash.
package struct RemoveRequest: WireMessage {
    package var path: String
    /// A folder goes with all that is in it; otherwise it must be empty.
    package var isRecursive: Bool
    /// Drawn by the client: asked again, it is not done again.
    package var requestID: String

    package init(path: String = "", isRecursive: Bool = false, requestID: String = "") {
        self.path = path
        self.isRecursive = isRecursive
        self.requestID = requestID
    }

    package static let codec = WireCodec<Self>(
        dfs__remove_request__init,
        read: { field in
            Self(
                path: text(field.path), isRecursive: field.is_recursive != 0, requestID: text(field.request_id))
        },
        write: { message, field, writer throws(WireError) in
            field.path = try writer.text(message.path, "path")
            field.is_recursive = message.isRecursive ? 1 : 0
            field.request_id = try writer.text(message.requestID, "request_id")
        })
}

/// `dfs.RemoveResponse`: it is done and durable.
package struct RemoveResponse: WireMessage {
    package init() {}

    package static let codec = WireCodec<Self>(
        dfs__remove_response__init, read: { (_: Dfs__RemoveResponse) in Self() }, write: { _, _, _ in })
}

/// `dfs.SetReplicationRequest`: changes the number of copies of a file.
package struct SetReplicationRequest: WireMessage {
    package var path: String
    package var replication: UInt32

    package init(path: String = "", replication: UInt32 = 0) {
        self.path = path
        self.replication = replication
    }

    package static let codec = WireCodec<Self>(
        dfs__set_replication_request__init,
        read: { field in Self(path: text(field.path), replication: field.replication) },
        write: { message, field, writer throws(WireError) in
            field.path = try writer.text(message.path, "path")
            field.replication = message.replication
        })
}

/// `dfs.SetReplicationResponse`: it is durable; the copies follow.
package struct SetReplicationResponse: WireMessage {
    package init() {}

    package static let codec = WireCodec<Self>(
        dfs__set_replication_response__init, read: { (_: Dfs__SetReplicationResponse) in Self() }, write: { _, _, _ in }
    )
}
