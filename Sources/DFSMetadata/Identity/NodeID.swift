import DFSCore

/// Names a folder for ever, whatever it is called and wherever it is moved to.
package struct FolderID: Hashable, Sendable, Comparable {
    /// The folder that all paths begin at.
    package static let root = FolderID(rawValue: 0)
    /// Holds what was removed, each under the id of its ``TrashRecord``; no path leads here.
    package static let trash = FolderID(rawValue: 1)

    package let rawValue: UInt64

    package init(rawValue: UInt64) { self.rawValue = rawValue }

    package static func < (left: FolderID, right: FolderID) -> Bool { left.rawValue < right.rawValue }
}

/// A file or a folder.
package enum NodeID: Hashable, Sendable {
    case folder(FolderID)
    case file(FileID)
}

/// Where a file or folder stands: its name within its folder.
package struct Place: Hashable, Sendable {
    package let parent: FolderID
    package let name: PathPart

    package init(parent: FolderID, name: PathPart) {
        precondition(!name.text.utf8.isEmpty, "what has no name cannot be found again")
        self.parent = parent
        self.name = name
    }
}
