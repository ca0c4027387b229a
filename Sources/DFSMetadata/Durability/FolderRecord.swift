import DFSCore

/// What the store keeps of one folder. The root and the trash are not kept: they are always there.
package struct FolderRecord: Sendable, Equatable {
    package let id: FolderID
    package var place: Place
    /// Seconds since 1970.
    package let createdAt: UInt64

    package init(id: FolderID, place: Place, createdAt: UInt64) {
        self.id = id
        self.place = place
        self.createdAt = createdAt
    }
}

/// What the store keeps of one removal: a file, or a folder with all that is in it, that waits in the trash.
package struct TrashRecord: Sendable, Equatable {
    /// The name of the removed node in ``FolderID/trash``: in the order of removal.
    package let id: PathPart
    package let node: NodeID
    /// Where it stood.
    package let path: FileName
    /// Seconds since 1970.
    package let removedAt: UInt64
    /// Whether it is being deleted for good, and can no longer be restored.
    package var isPurging: Bool

    package init(id: PathPart, node: NodeID, path: FileName, removedAt: UInt64, isPurging: Bool = false) {
        self.id = id
        self.node = node
        self.path = path
        self.removedAt = removedAt
        self.isPurging = isPurging
    }

    /// Where the node stands while it is in the trash.
    package var place: Place { Place(parent: .trash, name: id) }
}

/// Remembers a change that was made, so that the same request asked again is not carried out twice.
package struct RequestRecord: Sendable, Equatable {
    /// Drawn by the client at random; at most ``maxByteCount`` bytes.
    package let id: String

    package static let maxByteCount = 64

    package init(id: String) { self.id = id }
}
