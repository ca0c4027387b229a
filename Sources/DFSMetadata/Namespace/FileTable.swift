import DFSCore

/// The complete files, in some seventy bytes each beside their names.
struct FileTable: Sendable {
    /// One complete file. What it was begun under is kept in two parts, since files of one folder share the first.
    private struct Record: Sendable {
        let id: FileID
        var parent: FolderID
        let chunkSize: UInt64
        let createdAt: UInt64
        var sealedAt: UInt64
        var length: UInt64
        /// Its name in its folder, now and when it was begun.
        var leaf: TextTable.Handle
        let firstLeaf: TextTable.Handle
        let firstFolder: TextTable.Handle
        /// The only chunk, or where the list of all is.
        var chunks: UInt32
        var chunkCount: Int32
        var replication: UInt16
        let writer: Writer
        let isRecovered: Bool
        let replaced: Bool
    }

    /// Bytes that a file takes, beside its names and the index.
    static var recordByteCount: Int { MemoryLayout<Record?>.stride }

    private var records = SlotTable<Record>()
    private var index = FileIndex()
    private var folders = SharedTexts()
    /// The chunks of files that have more than one.
    private var lists = SlotTable<[ChunkHandle]>()
    /// Of the files that have any, by slot: the others pay nothing for them.
    private var attributes: [UInt32: FileAttributes] = [:]

    var count: Int { records.count }

    func slot(of id: FileID) -> UInt32? { index.slot(of: id) { records[$0].id } }

    func id(of slot: UInt32) -> FileID { records[slot].id }

    func parent(of slot: UInt32) -> FolderID { records[slot].parent }

    /// Its name in its folder.
    func leaf(of slot: UInt32) -> TextTable.Handle { records[slot].leaf }

    func facts(_ slot: UInt32) -> FileFacts {
        let record = records[slot]
        return FileFacts(
            phase: .sealed, writer: record.writer, replication: Int(record.replication), chunkSize: record.chunkSize,
            chunkCount: Int(record.chunkCount))
    }

    /// Its owner's notes.
    func attributes(of slot: UInt32) -> FileAttributes { attributes[slot] ?? FileAttributes() }

    /// What listings show.
    func status(_ slot: UInt32, named name: String) -> NodeStatus {
        let record = records[slot]
        return NodeStatus(
            name: name, kind: .file, length: record.length, replication: Int(record.replication),
            chunkCount: Int(record.chunkCount), createdAt: record.createdAt, modifiedAt: record.sealedAt)
    }

    /// The path that the file was begun under.
    func name(_ slot: UInt32, _ texts: TextTable) -> FileName {
        let record = records[slot]
        return FileName(known: texts[record.firstFolder] + texts[record.firstLeaf])
    }

    /// Makes the ids of its chunks.
    func chunkIDs(_ slot: UInt32, _ texts: TextTable) -> ChunkIDs {
        let record = records[slot]
        var path: [UInt8] = []
        path.reserveCapacity(128)
        texts.append(record.firstFolder, to: &path)
        texts.append(record.firstLeaf, to: &path)
        return ChunkIDs(path: path, fileID: record.id.rawValue)
    }

    func chunk(_ index: Int, of slot: UInt32) -> ChunkHandle? {
        let record = records[slot]
        guard (0..<Int(record.chunkCount)).contains(index) else { return nil }
        return record.chunkCount == 1 ? ChunkHandle(rawValue: record.chunks) : lists[record.chunks][index]
    }

    func chunks(of slot: UInt32) -> [ChunkHandle] {
        let record = records[slot]
        return record.chunkCount == 1 ? [ChunkHandle(rawValue: record.chunks)] : lists[record.chunks]
    }

    /// All that is known of the file.
    func entry(_ slot: UInt32, _ texts: TextTable) -> FileEntry {
        let record = records[slot]
        let header = FileHeader(
            id: record.id, name: name(slot, texts), writer: record.writer, replication: Int(record.replication),
            chunkSize: record.chunkSize, replaces: record.replaced, createdAt: record.createdAt,
            attributes: attributes(of: slot))
        let place = Place(parent: record.parent, name: PathPart(known: texts[record.leaf]))
        var entry = FileEntry(header: header, place: place, isRecovered: record.isRecovered, phase: .sealed)
        entry.sealedAt = record.sealedAt
        entry.length = record.length
        entry.chunks = chunks(of: slot).map { $0 }
        entry.provenCount = entry.chunks.count
        return entry
    }

    /// Enters a complete file, of which no other has the id.
    mutating func insert(_ entry: FileEntry, _ texts: inout TextTable) -> UInt32 {
        let handles = entry.chunks.compactMap { $0 }
        let (folder, firstLeaf) = entry.header.name.folderAndLeaf
        let first = texts.insert(firstLeaf)
        let isFirst = texts.compare(first, entry.place.name.text.utf8.span) == 0
        let record = Record(
            id: entry.header.id, parent: entry.place.parent, chunkSize: entry.header.chunkSize,
            createdAt: entry.header.createdAt, sealedAt: entry.sealedAt, length: entry.length,
            leaf: isFirst ? first : texts.insert(entry.place.name.text), firstLeaf: first,
            firstFolder: folders.use(folder, in: &texts),
            chunks: handles.count == 1 ? handles[0].rawValue : lists.insert(handles), chunkCount: Int32(handles.count),
            replication: UInt16(clamping: entry.header.replication), writer: entry.header.writer,
            isRecovered: entry.isRecovered, replaced: entry.header.replaces)
        let slot = records.insert(record)
        index.insert(record.id, at: slot) { records[$0].id }
        if !entry.header.attributes.isEmpty { attributes[slot] = entry.header.attributes }
        return slot
    }

    mutating func remove(_ slot: UInt32, _ texts: inout TextTable) {
        let record = records[slot]
        index.remove(record.id) { records[$0].id }
        records.remove(slot)
        attributes[slot] = nil
        if record.chunkCount != 1 { lists.remove(record.chunks) }
        if record.leaf != record.firstLeaf { texts.remove(record.leaf) }
        texts.remove(record.firstLeaf)
        folders.release(record.firstFolder, in: &texts)
    }

    /// Adds a chunk at the end of the file.
    mutating func append(_ chunk: ChunkHandle, length: UInt64, at time: UInt64, to slot: UInt32) {
        if records[slot].chunkCount == 1 {
            records[slot].chunks = lists.insert([ChunkHandle(rawValue: records[slot].chunks), chunk])
        } else {
            lists[records[slot].chunks].append(chunk)
        }
        records[slot].chunkCount += 1
        records[slot].length += length
        records[slot].sealedAt = time
    }

    /// Takes the last `count` chunks out, of more than that; the file's length stays as it was.
    mutating func removeLastChunks(_ count: Int, of slot: UInt32) -> [ChunkHandle] {
        let (list, left) = (records[slot].chunks, Int(records[slot].chunkCount) - count)
        precondition(left > 0, "a file without chunks is removed")
        guard count > 0 else { return [] }
        let removed = Array(lists[list][left...])
        lists[list].removeLast(count)
        records[slot].chunkCount = Int32(left)
        if left == 1 {
            records[slot].chunks = lists[list][0].rawValue
            lists.remove(list)
        }
        return removed
    }

    /// Notes where the file stands from now on.
    mutating func setPlace(_ slot: UInt32, _ place: Place, _ texts: inout TextTable) {
        let record = records[slot]
        records[slot].parent = place.parent
        guard texts.compare(record.leaf, place.name.text.utf8.span) != 0 else { return }
        if record.leaf != record.firstLeaf { texts.remove(record.leaf) }
        let isFirst = texts.compare(record.firstLeaf, place.name.text.utf8.span) == 0
        records[slot].leaf = isFirst ? record.firstLeaf : texts.insert(place.name.text)
    }

    mutating func setAttributes(_ new: FileAttributes, of slot: UInt32) {
        attributes[slot] = new.isEmpty ? nil : new
    }

    mutating func setReplication(_ copies: Int, of slot: UInt32) {
        records[slot].replication = UInt16(clamping: copies)
    }
}

extension FileName {
    /// The path up to its last part, with the `/` behind it, and that part; the two make the name.
    fileprivate var folderAndLeaf: (String, String) {
        guard let slash = text.utf8.lastIndex(of: UInt8(ascii: "/")) else { return ("", text) }
        let leaf = text.utf8.index(after: slash)
        return (String(text[..<leaf]), String(text[leaf...]))
    }
}
