import DFSCore

/// The folders, and what is visible in them. Open files are not in the tree: they enter it when they are complete.
struct FolderTree: Sendable {
    struct Folder: Sendable {
        let id: FolderID
        /// Its parent; `nil` for the root and the trash.
        var parent: FolderID?
        var name: TextTable.Handle?
        let createdAt: UInt64
        var children = FolderChildren()
    }

    private var folders = SlotTable<Folder>()
    private var slots: [FolderID: UInt32] = [:]

    init() {
        for id in [FolderID.root, .trash] { slots[id] = folders.insert(Folder(id: id, createdAt: 0)) }
    }

    func folder(_ id: FolderID) -> Folder? { slots[id].map { folders[$0] } }

    /// The id of the folder of a child.
    func id(of slot: UInt32) -> FolderID { folders[slot].id }

    func slot(of id: FolderID) -> NodeSlot? { slots[id].map { .folder($0) } }

    func child(_ name: PathPart, of folder: FolderID, _ texts: TextTable) -> FolderChildren.Child? {
        slots[folder].flatMap { folders[$0].children.child(name.text.utf8.span, texts) }
    }

    /// What stands at the end of a path; `nil` where there is nothing, or a folder on the way is missing.
    ///
    /// - Parameter path: parts joined by `/`, from the root on.
    func node(at path: Span<UInt8>, _ texts: TextTable) -> NodeSlot? {
        guard let root = slots[.root] else { return nil }
        var node = NodeSlot.folder(root)
        var start = 0
        for end in 0...path.count where end == path.count || path[end] == UInt8(ascii: "/") {
            guard node.isFolder,
                let child = folders[node.slot].children.child(path.extracting(start..<end), texts)
            else { return nil }
            node = child.node
            start = end + 1
        }
        return node
    }

    /// Up to `limit` children of `folder` with names behind `name`, or from the first on.
    func children(
        of folder: FolderID, after name: PathPart?, limit: Int, _ texts: TextTable
    ) -> [FolderChildren.Child] {
        guard let slot = slots[folder] else { return [] }
        guard let name else { return folders[slot].children.prefix(limit) }
        return folders[slot].children.after(name.text.utf8.span, limit: limit, texts)
    }

    /// The folders above `folder` and itself, innermost first, with their names; the last one is the root or the trash.
    func way(from folder: FolderID) -> (names: [TextTable.Handle], top: FolderID) {
        var names: [TextTable.Handle] = []
        var current = folder
        while let entry = self.folder(current), let parent = entry.parent, let name = entry.name {
            names.append(name)
            current = parent
        }
        return (names, current)
    }

    /// Whether `folder` is `other` or lies somewhere below it.
    func contains(_ folder: FolderID, in other: FolderID) -> Bool {
        var current = folder
        while current != other {
            guard let parent = self.folder(current)?.parent else { return false }
            current = parent
        }
        return true
    }

    /// Enters a folder that is in no other yet.
    ///
    /// - Returns: `false` where its id is taken.
    mutating func enter(_ id: FolderID, createdAt: UInt64) -> Bool {
        guard slots[id] == nil else { return false }
        slots[id] = folders.insert(Folder(id: id, createdAt: createdAt))
        return true
    }

    /// Makes `node` a child of `parent`, under the text `name` of the table `texts`.
    ///
    /// - Returns: `false` where there is no such parent, or it has a child of that name.
    mutating func link(
        _ node: NodeSlot, _ name: TextTable.Handle, as part: PathPart, in parent: FolderID, _ texts: TextTable
    ) -> Bool {
        guard let slot = slots[parent] else { return false }
        let child = FolderChildren.Child(name: name, node: node)
        guard folders[slot].children.insert(child, named: part.text.utf8.span, texts) else { return false }
        if node.isFolder {
            folders[node.slot].parent = parent
            folders[node.slot].name = name
        }
        return true
    }

    mutating func unlink(_ name: PathPart, from parent: FolderID, _ texts: TextTable) {
        guard let slot = slots[parent] else { return }
        folders[slot].children.remove(name.text.utf8.span, texts)
    }

    /// Forgets a folder that is in no other any more.
    mutating func remove(_ id: FolderID) {
        guard let slot = slots.removeValue(forKey: id) else { return }
        folders.remove(slot)
    }
}
