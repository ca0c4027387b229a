import CMessages

/// `dfs.FileStatus`: a file or folder as listings show it.
package struct FileStatus: WireMessage {
    /// The last part of its path; in the trash the whole path.
    package var name: String
    package var isFolder: Bool
    /// In bytes; 0 for a folder, as the next two.
    package var length: UInt64
    package var replication: UInt32
    package var chunkCount: UInt32
    /// Seconds since 1970.
    package var createdAt: UInt64
    /// When the file became complete, in seconds since 1970.
    package var modifiedAt: UInt64
    /// Behind its chunks is one that takes records, and whose bytes are not counted.
    package var isAppended: Bool

    package init(
        name: String = "", isFolder: Bool = false, length: UInt64 = 0,
        replication: UInt32 = 0, chunkCount: UInt32 = 0, createdAt: UInt64 = 0, modifiedAt: UInt64 = 0,
        isAppended: Bool = false
    ) {
        self.name = name
        self.isFolder = isFolder
        self.length = length
        self.replication = replication
        self.chunkCount = chunkCount
        self.createdAt = createdAt
        self.modifiedAt = modifiedAt
        self.isAppended = isAppended
    }

    package static let codec = WireCodec<Self>(
        dfs__file_status__init,
        read: { field in
            Self(
                name: text(field.name), isFolder: field.is_folder != 0, length: field.length,
                replication: field.replication, chunkCount: field.chunk_count, createdAt: field.created_at,
                modifiedAt: field.modified_at, isAppended: field.is_appended != 0)
        },
        write: { message, field, writer throws(WireError) in
            field.name = try writer.text(message.name, "name")
            field.is_folder = message.isFolder ? 1 : 0
            field.length = message.length
            field.replication = message.replication
            field.chunk_count = message.chunkCount
            field.created_at = message.createdAt
            field.modified_at = message.modifiedAt
            field.is_appended = message.isAppended ? 1 : 0
        })
}

/// `dfs.StatRequest`: what stands at a path?
package struct StatRequest: WireMessage {
    /// Empty for the root.
    package var path: String

    package init(path: String = "") {
        self.path = path
    }

    package static let codec = WireCodec<Self>(
        dfs__stat_request__init,
        read: { field in Self(path: text(field.path)) },
        write: { message, field, writer throws(WireError) in
            field.path = try writer.text(message.path, "path")
        })
}

/// `dfs.StatResponse`: what stands there.
package struct StatResponse: WireMessage {
    package var node: FileStatus
    /// Of the whole file; `nil` for a folder.
    package var crc32c: UInt32?
    /// In the order of the names' bytes.
    package var attributes: [Attribute]

    package init(node: FileStatus = FileStatus(), crc32c: UInt32? = nil, attributes: [Attribute] = []) {
        self.node = node
        self.crc32c = crc32c
        self.attributes = attributes
    }

    package static let codec = WireCodec<Self>(
        dfs__stat_response__init,
        read: { field in
            Self(
                node: nested(field.node) ?? FileStatus(), crc32c: field.crc32c_known != 0 ? field.crc32c : nil,
                attributes: nestedList(field.attributes, field.n_attributes))
        },
        write: { message, field, writer throws(WireError) in
            field.node = try writer.nested(message.node)
            field.crc32c_known = message.crc32c != nil ? 1 : 0
            field.crc32c = message.crc32c ?? 0
            (field.n_attributes, field.attributes) = try writer.nestedList(message.attributes)
        })
}
