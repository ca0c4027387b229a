import DFSCore

/// Goes through the tree for one page of a check: each folder before what is in it, names in the order of their bytes, open
/// files among the others.
///
/// It lives no longer than the decision that makes the page, so nothing changes under it. The next page begins a new one at
/// the position that this one reached.
struct CheckWalk {
    /// What stands under one name: a file or folder, an upload that is going to, or both.
    struct Entry {
        let path: String
        let node: NodeID?
        let openFile: FileID?
    }

    /// A folder on the way down to where the walk is.
    private struct Level {
        let folder: FolderID
        let path: String
        /// The last name that was looked at.
        var cursor: PathPart?
        var children: ArraySlice<Namespace.Child> = []
        var hasMore = true
        /// Looked for when the walk is in the folder, since they have to be sorted.
        var openFiles: ArraySlice<(name: PathPart, id: FileID)>?
    }

    /// Children that are fetched at once.
    private static let batchCount = 64

    private let namespace: Namespace
    private var levels: [Level] = []

    /// - Parameters:
    ///   - folder: where it begins.
    ///   - path: the path of `folder`; empty for the root.
    ///   - parts: of a path below `folder`: the walk goes on behind it.
    init(_ namespace: Namespace, in folder: FolderID, path: String, behind parts: [PathPart]) {
        self.namespace = namespace
        enter(folder, path: path, behind: parts.first)
        var current = folder
        for (depth, part) in parts.enumerated() {
            // What is gone meanwhile is gone with all that was in it.
            guard case .folder(let next) = namespace.node(at: Place(parent: current, name: part)) else { return }
            current = next
            enter(next, path: joined(part), behind: depth + 1 < parts.count ? parts[depth + 1] : nil)
        }
    }

    /// Where the walk is: a new one behind these parts goes on as this one would.
    var position: [PathPart] { levels.compactMap(\.cursor) }

    /// The next name; `nil` at the end. A folder is entered: what is in it comes next.
    mutating func next() -> Entry? {
        while let depth = levels.indices.last {
            fetch(depth)
            let child = levels[depth].children.first
            let open = levels[depth].openFiles?.first
            guard let name = [child?.name, open?.name].compactMap({ $0 }).min() else {
                levels.removeLast()
                continue
            }
            levels[depth].cursor = name
            let path = joined(name)
            var entry: (node: NodeID?, openFile: FileID?)
            if child?.name == name { entry.node = levels[depth].children.popFirst()?.node }
            if open?.name == name { entry.openFile = levels[depth].openFiles?.popFirst()?.id }
            if case .folder(let folder) = entry.node { enter(folder, path: path, behind: nil) }
            return Entry(path: path, node: entry.node, openFile: entry.openFile)
        }
        return nil
    }

    private mutating func enter(_ folder: FolderID, path: String, behind cursor: PathPart?) {
        levels.append(Level(folder: folder, path: path, cursor: cursor))
    }

    private mutating func fetch(_ depth: Int) {
        if levels[depth].openFiles == nil { levels[depth].openFiles = openFiles(levels[depth]) }
        guard levels[depth].children.isEmpty, levels[depth].hasMore else { return }
        let found = namespace.children(
            of: levels[depth].folder, after: levels[depth].cursor, limit: Self.batchCount)
        levels[depth].hasMore = found.count == Self.batchCount
        levels[depth].children = found[...]
    }

    /// Uploads that are going to stand in the folder, behind the cursor, in order.
    private func openFiles(_ level: Level) -> ArraySlice<(name: PathPart, id: FileID)> {
        var open = namespace.openFiles(in: level.folder).compactMap { id in
            namespace.file(id).map { (name: $0.place.name, id: id) }
        }
        open.sort { $0.name < $1.name }
        return open.drop { file in level.cursor.map { file.name <= $0 } ?? false }
    }

    /// The path of `name` in the innermost folder.
    private func joined(_ name: PathPart) -> String {
        guard let path = levels.last?.path, !path.isEmpty else { return name.text }
        return path + "/" + name.text
    }
}
