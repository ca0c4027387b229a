import DFSCore

/// A file or folder as listings show it.
package struct NodeStatus: Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        case file
        case folder
    }

    /// The last part of its path; in the trash the whole path.
    package let name: String
    package let kind: Kind
    /// Bytes; 0 for a folder.
    package var length: UInt64 = 0
    /// Copies of each chunk; 0 for a folder.
    package var replication = 0
    package var chunkCount = 0
    /// Whether a chunk behind the others takes records; its bytes are not counted.
    package var isAppended = false
    /// Seconds since 1970.
    package let createdAt: UInt64
    /// When the file became complete, in seconds since 1970.
    package let modifiedAt: UInt64
    /// CRC-32C of a whole file; only where one path was asked for.
    package var crc32c: UInt32?
    /// Of a file; only where one path was asked for.
    package var attributes = FileAttributes()
}

/// One removal that waits in the trash.
package struct TrashStatus: Sendable, Equatable {
    /// Names it to restore it.
    package let id: String
    /// Seconds since 1970.
    package let removedAt: UInt64
    /// Whether it is being deleted for good.
    package let isPurging: Bool
    /// What was removed; its name is the path that it had.
    package let node: NodeStatus
}
