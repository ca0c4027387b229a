import DFSCore

/// All files by id, the tree of those that are complete, and the places and leases of the open ones.
struct Namespace: Sendable {
    // These three change together, here and in the extension for the tree.
    var texts = TextTable()
    var tree = FolderTree()
    var complete = FileTable()
    private var open = OpenFiles()
    /// Open files by the places they are going to take; each place is one upload's.
    private var reserved: [Place: FileID] = [:]
    private var openByFolder: [FolderID: Set<FileID>] = [:]
    private var byConnection: [ConnectionToken: Set<FileID>] = [:]
    private var leases = LeaseQueue()
    private var settlingFiles: Set<FileID> = []

    /// Complete and open ones.
    var fileCount: Int { complete.count + open.count }

    var openFileCount: Int { open.count }

    /// Uploads that are kept when their connections are lost.
    var keptUploadCount: Int { open.keptCount }

    /// Finished files of Go clients that wait for proof, in a fixed order.
    var settling: [FileID] { settlingFiles.sorted() }

    /// All that is known of a file; ``facts(_:)`` costs less.
    func file(_ id: FileID) -> FileEntry? {
        open[id] ?? complete.slot(of: id).map { complete.entry($0, texts) }
    }

    func holds(_ id: FileID) -> Bool { open[id] != nil || complete.slot(of: id) != nil }

    /// What most decisions need to know of a file.
    func facts(_ id: FileID) -> FileFacts? { open[id]?.facts ?? complete.slot(of: id).map { complete.facts($0) } }

    /// The chunk at `index` of a file, if it was allocated.
    func chunk(_ index: Int, of id: FileID) -> ChunkHandle? {
        if let entry = open[id] { return entry.chunk(at: index) }
        return complete.slot(of: id).flatMap { complete.chunk(index, of: $0) }
    }

    /// All chunks that a file has, in order.
    func chunks(of id: FileID) -> [ChunkHandle] {
        if let entry = open[id] { return entry.chunks.compactMap { $0 } }
        return complete.slot(of: id).map { complete.chunks(of: $0) } ?? []
    }

    /// Makes the ids of the chunks of a file that there is.
    func chunkIDs(of id: FileID) -> ChunkIDs? {
        if let slot = complete.slot(of: id) { return complete.chunkIDs(slot, texts) }
        return open[id].map { ChunkIDs(path: Array($0.header.name.text.utf8), fileID: id.rawValue) }
    }

    /// The attributes of a file that there is.
    func attributes(of id: FileID) -> FileAttributes {
        complete.slot(of: id).map { complete.attributes(of: $0) } ?? open[id]?.header.attributes ?? FileAttributes()
    }

    /// The open file that is going to take `place`.
    func openFile(at place: Place) -> FileEntry? { reserved[place].flatMap { open[$0] } }

    /// Uploads that are going to stand in `folder`, in a fixed order.
    func openFiles(in folder: FolderID) -> [FileID] {
        openByFolder[folder]?.sorted() ?? []
    }

    /// For people: the path, or where there is none any more the name at first.
    func path(of entry: FileEntry) -> String { path(of: entry.place) ?? entry.header.name.text }

    /// Open files whose writers were last seen on `connection`, in a fixed order.
    func files(heldOver connection: ConnectionToken) -> [FileID] {
        byConnection[connection]?.sorted() ?? []
    }

    /// How many open files were last written over `connection`.
    func uploadCount(heldOver connection: ConnectionToken) -> Int { byConnection[connection]?.count ?? 0 }

    /// Takes the next file whose lease, held over no connection, may have ended by `now`.
    mutating func popExpiredLease(_ now: MonotonicInstant) -> FileID? { leases.popDue(now) }

    /// Has a file taken out later that was taken out too soon.
    mutating func awaitLease(of id: FileID, until due: MonotonicInstant) { leases.add(id, until: due) }

    /// Another put goes on with the open file, by a request with that id.
    mutating func resume(_ id: FileID, request: String, _ lease: Lease) {
        open.change(id) { $0.request = request }
        setPhase(.writing(lease), of: id)
    }

    /// Enters a file: an open one has its place reserved, a complete one is visible.
    ///
    /// - Returns: `false`, and nothing has changed, where its id or its place is taken, or its folder is missing.
    mutating func insert(_ entry: FileEntry) -> Bool {
        let id = entry.header.id
        guard !holds(id), tree.folder(entry.place.parent) != nil else { return false }
        guard !entry.isSealed else { return insertComplete(entry) }
        guard reserved[entry.place] == nil else { return false }
        reserve(entry)
        open.insert(entry)
        index(id, entry.phase)
        return true
    }

    private mutating func insertComplete(_ entry: FileEntry) -> Bool {
        let slot = complete.insert(entry, &texts)
        let (parent, name) = (entry.place.parent, entry.place.name)
        guard tree.link(.file(slot), complete.leaf(of: slot), as: name, in: parent, texts) else {
            complete.remove(slot, &texts)
            return false
        }
        return true
    }

    mutating func remove(_ id: FileID) {
        if let entry = open.remove(id) {
            unindex(id, entry.phase)
            free(entry)
        } else if let slot = complete.slot(of: id) {
            tree.unlink(name(of: slot), from: complete.parent(of: slot), texts)
            complete.remove(slot, &texts)
        }
    }

    /// The open file is complete and takes its place, which is free.
    mutating func seal(_ id: FileID, length: UInt64, at time: UInt64) {
        guard var entry = open.remove(id) else { return }
        unindex(id, entry.phase)
        free(entry)
        entry.phase = .sealed
        entry.header.keepSeconds = 0
        entry.sealedAt = time
        entry.length = length
        let isPlaced = insertComplete(entry)
        precondition(isPlaced, "a file is sealed in a place that is free")
    }

    /// The complete file has one more chunk, with so many bytes.
    mutating func append(_ chunk: ChunkHandle, length: UInt64, at time: UInt64, to id: FileID) {
        guard let slot = complete.slot(of: id) else { return }
        complete.append(chunk, length: length, at: time, to: slot)
    }

    /// Takes the last `count` chunks of a complete file out, of more than that.
    mutating func removeLastChunks(_ count: Int, of id: FileID) -> [ChunkHandle] {
        complete.slot(of: id).map { complete.removeLastChunks(count, of: $0) } ?? []
    }

    mutating func setReplication(_ copies: Int, of id: FileID) {
        if let slot = complete.slot(of: id) {
            complete.setReplication(copies, of: slot)
        } else {
            open.change(id) { $0.header.replication = copies }
        }
    }

    mutating func setAttributes(_ attributes: FileAttributes, of id: FileID) {
        if let slot = complete.slot(of: id) {
            complete.setAttributes(attributes, of: slot)
        } else {
            open.change(id) { $0.header.attributes = attributes }
        }
    }

    mutating func setPhase(_ phase: FileEntry.Phase, of id: FileID) {
        guard let old = open[id]?.phase else { return }
        unindex(id, old)
        open.change(id) { $0.phase = phase }
        index(id, phase)
    }

    mutating func place(_ chunk: ChunkHandle, at index: Int, of id: FileID) {
        open.change(id) { $0.place(chunk, at: index) }
    }

    /// Counts one more chunk of the open file whose digest is known.
    mutating func countProven(in id: FileID) {
        open.change(id) { $0.provenCount += 1 }
    }

    private mutating func reserve(_ entry: FileEntry) {
        reserved[entry.place] = entry.header.id
        openByFolder[entry.place.parent, default: []].insert(entry.header.id)
    }

    private mutating func free(_ entry: FileEntry) {
        reserved[entry.place] = nil
        openByFolder[entry.place.parent]?.remove(entry.header.id)
        if openByFolder[entry.place.parent]?.isEmpty == true { openByFolder[entry.place.parent] = nil }
    }

    func name(of slot: UInt32) -> PathPart { PathPart(known: texts[complete.leaf(of: slot)]) }

    private mutating func index(_ id: FileID, _ phase: FileEntry.Phase) {
        switch phase {
        case .writing(let lease):
            if let connection = lease.connection {
                byConnection[connection, default: []].insert(id)
            } else if let expires = lease.expires {
                leases.add(id, until: expires)
            }
        case .settling: settlingFiles.insert(id)
        case .sealed: break
        }
    }

    private mutating func unindex(_ id: FileID, _ phase: FileEntry.Phase) {
        switch phase {
        case .writing(let lease):
            guard let connection = lease.connection else { return }
            byConnection[connection]?.remove(id)
            if byConnection[connection]?.isEmpty == true { byConnection[connection] = nil }
        case .settling: settlingFiles.remove(id)
        case .sealed: break
        }
    }
}
