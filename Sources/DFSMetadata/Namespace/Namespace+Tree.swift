import DFSCore

// The tree of folders and complete files.
extension Namespace {
    /// How far down a path leads.
    struct Descent {
        /// The last folder on the way that exists.
        let folder: FolderID
        /// What is left of the path below it; empty where the path names that folder.
        let rest: [PathPart]
    }

    /// One entry of a folder.
    struct Child: Sendable, Equatable {
        let name: PathPart
        let node: NodeID
    }

    func node(at place: Place) -> NodeID? {
        tree.child(place.name, of: place.parent, texts).map { id(of: $0.node) }
    }

    /// What stands at a path.
    func node(at path: FileName) -> NodeID? { tree.node(at: path.text.utf8.span, texts).map { id(of: $0) } }

    /// Follows `parts` from the root through folders, as far as there are any.
    func descend(_ parts: [PathPart]) -> Descent {
        var folder = FolderID.root
        for (depth, part) in parts.enumerated() {
            guard let child = tree.child(part, of: folder, texts), child.node.isFolder else {
                return Descent(folder: folder, rest: Array(parts[depth...]))
            }
            folder = tree.id(of: child.node.slot)
        }
        return Descent(folder: folder, rest: [])
    }

    /// Where `name` stands or would stand; `nil` while not all its folders exist.
    func place(of name: FileName) -> Place? {
        let descent = descend(Array(name.parts.dropLast()))
        return descent.rest.isEmpty ? Place(parent: descent.folder, name: name.leaf) : nil
    }

    /// Whether a complete file stands anywhere but in the trash.
    func isVisible(_ id: FileID) -> Bool {
        complete.slot(of: id).map { tree.way(from: complete.parent(of: $0)).top == .root } ?? false
    }

    /// The path of what stands at `place`; `nil` where it is in the trash.
    func path(of place: Place) -> String? {
        let way = tree.way(from: place.parent)
        guard way.top == .root else { return nil }
        return (way.names.reversed().map { texts[$0] } + [place.name.text]).joined(separator: "/")
    }

    /// Up to `limit` children with names behind `name`, or from the first on.
    func children(of folder: FolderID, after name: PathPart? = nil, limit: Int) -> [Child] {
        tree.children(of: folder, after: name, limit: limit, texts).map {
            Child(name: PathPart(known: texts[$0.name]), node: id(of: $0.node))
        }
    }

    func isEmpty(_ folder: FolderID) -> Bool { tree.folder(folder)?.children.isEmpty ?? true }

    func childCount(of folder: FolderID) -> Int { tree.folder(folder)?.children.count ?? 0 }

    func holds(_ folder: FolderID) -> Bool { tree.folder(folder) != nil }

    /// Whether `folder` is `other` or lies somewhere below it.
    func contains(_ folder: FolderID, in other: FolderID) -> Bool { tree.contains(folder, in: other) }

    /// What listings show of a complete file or a folder.
    func status(of node: NodeID, named name: String) -> NodeStatus? {
        switch node {
        case .folder(let id):
            guard let folder = tree.folder(id) else { return nil }
            return NodeStatus(name: name, kind: .folder, createdAt: folder.createdAt, modifiedAt: folder.createdAt)
        case .file(let id): return complete.slot(of: id).map { complete.status($0, named: name) }
        }
    }

    /// Enters a folder that is not visible before ``linkFolder(_:)``.
    ///
    /// - Returns: `false` where its id is taken.
    mutating func enterFolder(_ record: FolderRecord) -> Bool { tree.enter(record.id, createdAt: record.createdAt) }

    /// Makes a folder visible.
    ///
    /// - Returns: `false` where its parent is missing, or has a child of its name.
    mutating func linkFolder(_ record: FolderRecord) -> Bool {
        guard let slot = tree.slot(of: record.id) else { return false }
        let name = texts.insert(record.place.name.text)
        guard tree.link(slot, name, as: record.place.name, in: record.place.parent, texts) else {
            texts.remove(name)
            return false
        }
        return true
    }

    /// Forgets an empty folder.
    mutating func removeFolder(_ id: FolderID) {
        guard let folder = tree.folder(id), let parent = folder.parent, let name = folder.name else { return }
        tree.unlink(PathPart(known: texts[name]), from: parent, texts)
        texts.remove(name)
        tree.remove(id)
    }

    /// Moves a complete file, or a folder with all that is in it, to a place that is free.
    mutating func move(_ node: NodeID, to place: Place) {
        let isPlaced: Bool
        switch node {
        case .file(let id):
            guard let slot = complete.slot(of: id) else { return }
            tree.unlink(name(of: slot), from: complete.parent(of: slot), texts)
            complete.setPlace(slot, place, &texts)
            isPlaced = tree.link(.file(slot), complete.leaf(of: slot), as: place.name, in: place.parent, texts)
        case .folder(let id):
            guard let slot = tree.slot(of: id), let folder = tree.folder(id), let parent = folder.parent,
                let name = folder.name
            else { return }
            tree.unlink(PathPart(known: texts[name]), from: parent, texts)
            texts.remove(name)
            isPlaced = tree.link(slot, texts.insert(place.name.text), as: place.name, in: place.parent, texts)
        }
        precondition(isPlaced, "a node is moved to a place that is free")
    }

    private func id(of node: NodeSlot) -> NodeID {
        node.isFolder ? .folder(tree.id(of: node.slot)) : .file(complete.id(of: node.slot))
    }
}
