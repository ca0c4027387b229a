import DFSCore

/// Knows the chunks of abandoned uploads. They alone are deleted wherever a server lists them; a chunk that is merely
/// unknown stays, since the master may be the one that forgot.
struct Tombstones: Sendable {
    private var byFile: [FileID: Tombstone] = [:]

    mutating func insert(_ tombstone: Tombstone) {
        guard tombstone.chunkCount > 0 else { return }
        byFile[tombstone.file] = tombstone
    }

    /// Whether `chunk` is, to the letter, an id that an abandoned upload gave out.
    func condemn(_ chunk: ChunkID) -> Bool {
        guard let file = FileID(in: chunk), let tombstone = byFile[file], let index = chunk.index,
            index < tombstone.chunkCount
        else { return false }
        return tombstone.name.chunkID(fileID: file.rawValue, index: index) == chunk
    }
}
