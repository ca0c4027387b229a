import DFSCore

/// All files by id, the tree of those that are complete, and the places and leases of the open ones.
struct Namespace: Sendable {
    private(set) var tree = FolderTree()
    private var files: [FileID: FileEntry] = [:]
    /// Open files by the places they are going to take; each place is one upload's.
    private var openFiles: [Place: FileID] = [:]
    private var byConnection: [ConnectionToken: Set<FileID>] = [:]
    private var detached: Set<FileID> = []
    private var settlingFiles: Set<FileID> = []

    /// Open files that no connection holds, in a fixed order.
    var withoutConnection: [FileID] { detached.sorted() }

    /// Finished files of Go clients that wait for proof, in a fixed order.
    var settling: [FileID] { settlingFiles.sorted() }

    func file(_ id: FileID) -> FileEntry? { files[id] }

    /// The open file that is going to take `place`.
    func openFile(at place: Place) -> FileEntry? { openFiles[place].flatMap { files[$0] } }

    /// Uploads that are going to stand in `folder`, in a fixed order.
    func openFiles(in folder: FolderID) -> [FileID] {
        openFiles.filter { $0.key.parent == folder }.map(\.value).sorted()
    }

    /// For people: the path, or where there is none any more the name at first.
    func path(of entry: FileEntry) -> String { tree.path(of: entry.place) ?? entry.header.name.text }

    /// Where `name` stands or would stand; `nil` while not all its folders exist.
    func place(of name: FileName) -> Place? {
        let descent = tree.descend(Array(name.parts.dropLast()))
        return descent.rest.isEmpty ? Place(parent: descent.folder, name: name.leaf) : nil
    }

    /// Open files whose writers were last seen on `connection`, in a fixed order.
    func files(heldOver connection: ConnectionToken) -> [FileID] {
        byConnection[connection]?.sorted() ?? []
    }

    /// Enters a file: an open one has its place reserved, a complete one is visible.
    mutating func insert(_ entry: FileEntry) {
        let id = entry.header.id
        files[id] = entry
        if entry.isSealed {
            tree.link(.file(id), at: entry.place)
        } else {
            let previous = openFiles.updateValue(id, forKey: entry.place)
            precondition(previous == nil, "a place is reserved for one upload at a time")
        }
        index(id, entry.phase)
    }

    mutating func remove(_ id: FileID) {
        guard let entry = files.removeValue(forKey: id) else { return }
        unindex(id, entry.phase)
        if entry.isSealed { tree.unlink(entry.place) } else { openFiles[entry.place] = nil }
    }

    /// The open file is complete and takes its place, which is free.
    mutating func seal(_ id: FileID, length: UInt64, at time: UInt64) {
        guard let entry = files[id], !entry.isSealed else { return }
        setPhase(.sealed, of: id)
        openFiles[entry.place] = nil
        files[id]?.sealedAt = time
        files[id]?.length = length
        tree.link(.file(id), at: entry.place)
    }

    /// Moves a complete file, or a folder with all that is in it, to a place that is free.
    mutating func move(_ node: NodeID, to place: Place) {
        switch node {
        case .file(let id):
            guard let entry = files[id] else { return }
            tree.unlink(entry.place)
            files[id]?.place = place
        case .folder(let id):
            guard let old = tree.folder(id)?.place else { return }
            tree.unlink(old)
        }
        tree.link(node, at: place)
    }

    mutating func setReplication(_ copies: Int, of id: FileID) { files[id]?.header.replication = copies }

    /// Enters a folder; ``linkFolder(_:)`` makes it visible, once its parent is there.
    mutating func enterFolder(_ record: FolderRecord) { tree.enter(record) }

    mutating func linkFolder(_ record: FolderRecord) { tree.link(.folder(record.id), at: record.place) }

    mutating func removeFolder(_ id: FolderID) { tree.remove(id) }

    mutating func setPhase(_ phase: FileEntry.Phase, of id: FileID) {
        guard let old = files[id]?.phase else { return }
        unindex(id, old)
        files[id]?.phase = phase
        index(id, phase)
    }

    mutating func place(_ chunk: ChunkHandle, at index: Int, of id: FileID) {
        files[id]?.place(chunk, at: index)
    }

    /// Counts one more chunk of the file whose digest is known.
    mutating func countProven(in id: FileID) {
        files[id]?.provenCount += 1
    }

    private mutating func index(_ id: FileID, _ phase: FileEntry.Phase) {
        switch phase {
        case .writing(let lease):
            if let connection = lease.connection {
                byConnection[connection, default: []].insert(id)
            } else {
                detached.insert(id)
            }
        case .settling: settlingFiles.insert(id)
        case .sealed: break
        }
    }

    private mutating func unindex(_ id: FileID, _ phase: FileEntry.Phase) {
        switch phase {
        case .writing(let lease):
            guard let connection = lease.connection else {
                detached.remove(id)
                return
            }
            byConnection[connection]?.remove(id)
            if byConnection[connection]?.isEmpty == true { byConnection[connection] = nil }
        case .settling: settlingFiles.remove(id)
        case .sealed: break
        }
    }
}
