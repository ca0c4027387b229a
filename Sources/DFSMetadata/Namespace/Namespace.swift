import DFSCore

/// All files by name and id, and the leases of the open ones.
struct Namespace: Sendable {
    private var files: [FileID: FileEntry] = [:]
    private var names: [FileName: FileID] = [:]
    private var byConnection: [ConnectionToken: Set<FileID>] = [:]
    private var detached: Set<FileID> = []
    private var settlingFiles: Set<FileID> = []

    /// Open files that no connection holds, in a fixed order.
    var withoutConnection: [FileID] { detached.sorted() }

    /// Finished files of Go clients that wait for proof, in a fixed order.
    var settling: [FileID] { settlingFiles.sorted() }

    func file(_ id: FileID) -> FileEntry? { files[id] }

    func file(named name: FileName) -> FileEntry? { names[name].flatMap { files[$0] } }

    /// Open files whose writers were last seen on `connection`, in a fixed order.
    func files(heldOver connection: ConnectionToken) -> [FileID] {
        byConnection[connection]?.sorted() ?? []
    }

    mutating func insert(_ entry: FileEntry) {
        let previous = names.updateValue(entry.header.id, forKey: entry.header.name)
        precondition(previous == nil, "a name is given to one file at a time")
        files[entry.header.id] = entry
        index(entry.header.id, entry.phase)
    }

    mutating func remove(_ id: FileID) {
        guard let entry = files.removeValue(forKey: id) else { return }
        unindex(id, entry.phase)
        names[entry.header.name] = nil
    }

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
