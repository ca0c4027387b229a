import DFSCore

/// Knows the chunks of abandoned uploads and of files that are gone for good. They are deleted wherever a server lists them; a
/// chunk that is merely unknown stays, since the master may be the one that forgot.
struct Tombstones: Sendable {
    private var byFile: [FileID: Tombstone] = [:]
    /// About in the order in which they came to be.
    private var order = WorkQueue<FileID>()

    var count: Int { byFile.count }

    mutating func insert(_ tombstone: Tombstone) {
        guard tombstone.chunkCount > 0 else { return }
        byFile[tombstone.file] = tombstone
        order.append(tombstone.file)
    }

    /// The oldest one.
    var first: Tombstone? { order.first.flatMap { byFile[$0] } }

    /// Forgets the oldest one.
    mutating func removeFirst() {
        if let file = order.popFirst() { byFile[file] = nil }
    }

    /// Puts the oldest one behind all others.
    mutating func postponeFirst() {
        if let file = order.popFirst() { order.append(file) }
    }

    func holds(_ file: FileID) -> Bool { byFile[file] != nil }

    /// Whether `chunk` is, to the letter, an id that an abandoned upload gave out.
    func condemn(_ chunk: ChunkID) -> Bool {
        guard let file = FileID(in: chunk), let tombstone = byFile[file], let index = chunk.index,
            index < tombstone.chunkCount
        else { return false }
        return tombstone.name.chunkID(fileID: file.rawValue, index: index) == chunk
    }
}
