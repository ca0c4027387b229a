import DFSCore

/// The folders, and what is visible in them. Open files are not in the tree: they enter it when they are complete.
struct FolderTree: Sendable {
    struct Folder: Sendable {
        var place: Place?
        let createdAt: UInt64
        var children = FolderChildren()
    }

    /// How far down a path leads.
    struct Descent {
        /// The last folder on the way that exists.
        let folder: FolderID
        /// What is left of the path below it; empty where the path names that folder.
        let rest: [PathPart]
    }

    private var folders: [FolderID: Folder] = [
        .root: Folder(place: nil, createdAt: 0), .trash: Folder(place: nil, createdAt: 0),
    ]

    func folder(_ id: FolderID) -> Folder? { folders[id] }

    func node(at place: Place) -> NodeID? { folders[place.parent]?.children[place.name] }

    /// Follows `parts` from the root through folders, as far as there are any.
    func descend(_ parts: [PathPart]) -> Descent {
        var folder = FolderID.root
        for (depth, part) in parts.enumerated() {
            guard case .folder(let next) = node(at: Place(parent: folder, name: part)) else {
                return Descent(folder: folder, rest: Array(parts[depth...]))
            }
            folder = next
        }
        return Descent(folder: folder, rest: [])
    }

    /// The path of what stands at `place`; `nil` where it is in the trash.
    func path(of place: Place) -> String? {
        var parts = [place.name.text]
        var folder = place.parent
        while let above = folders[folder]?.place {
            parts.append(above.name.text)
            folder = above.parent
        }
        return folder == .root ? parts.reversed().joined(separator: "/") : nil
    }

    /// Whether `folder` is `other` or lies somewhere below it.
    func contains(_ folder: FolderID, in other: FolderID) -> Bool {
        var current = folder
        while current != other {
            guard let above = folders[current]?.place else { return false }
            current = above.parent
        }
        return true
    }

    /// Enters a folder; its parent may come later, and then links it.
    mutating func enter(_ record: FolderRecord) {
        folders[record.id] = Folder(place: record.place, createdAt: record.createdAt)
    }

    mutating func link(_ node: NodeID, at place: Place) {
        folders[place.parent]?.children.insert(node, named: place.name)
        if case .folder(let id) = node { folders[id]?.place = place }
    }

    mutating func unlink(_ place: Place) {
        folders[place.parent]?.children.remove(place.name)
    }

    /// Forgets an empty folder.
    mutating func remove(_ id: FolderID) {
        guard let place = folders[id]?.place else { return }
        unlink(place)
        folders[id] = nil
    }
}
