import DFSCore
import DFSFiles
import NIOCore

// The tables of block checksums beside the chunks. They are never synced: one that a crash has torn, or that has rotted,
// does not agree with its chunk's digest, and is made again from the chunk.
extension ChunkStore {
    /// Keeps the table of a chunk, where it needs one. A saving only: without it the chunk is read once more.
    func keepTable(_ checksums: BlockChecksums, of id: ChunkID) {
        guard checksums.length > BlockChecksums.wholeBlockSize else { return }
        let path = layout.table(id)
        do {
            try files.remove(path)
            try files.open(path, .creating).write([ChecksumTable.encode(checksums)], at: 0)
        } catch {
            // A part of one is no use.
            _ = try? files.remove(path)
        }
    }

    /// Makes the table of a chunk that came in another way than by an upload. A saving only, too. Blocks while the chunk is read.
    ///
    /// - Returns: false where what was read for it is not what the digest is of.
    func makeTable(of id: ChunkID, _ digest: ContentDigest) -> Bool {
        if checksums(of: id, digest) != nil { return true }
        guard let file = try? files.open(layout.chunk(id), .reading), let found = try? ChunkScan.checksums(of: file),
            found.digest == digest
        else { return false }
        if state.withLock({ $0.catalog.stored(id)?.digest }) == digest { keepTable(found, of: id) }
        return true
    }

    func dropTable(of id: ChunkID, length: Int64) {
        guard length > BlockChecksums.wholeBlockSize else { return }
        _ = try? files.remove(layout.table(id))
    }

    /// The table that is kept of a chunk of `length` bytes, if it is whole.
    func keptTable(of id: ChunkID, length: Int64) -> BlockChecksums? {
        guard length > BlockChecksums.wholeBlockSize, let file = try? files.open(layout.table(id), .reading),
            let bytes = try? file.read(upTo: ChecksumTable.byteCount(for: length) + 1, at: 0)
        else { return nil }
        return ChecksumTable.decode(bytes, length: length)
    }

    /// The checksums of a chunk of that digest; `nil` where they must be made again from the chunk.
    func checksums(of id: ChunkID, _ digest: ContentDigest) -> BlockChecksums? {
        if let whole = BlockChecksums(digest) { return whole }
        guard let kept = keptTable(of: id, length: digest.length), kept.digest == digest else { return nil }
        return kept
    }

    /// Removes tables of chunks that are gone.
    static func removeStrayTables(
        _ files: any FileSystem, _ layout: StoreLayout, keeping chunks: Set<ChunkID>, _ report: inout StartReport
    ) {
        do {
            for name in try files.names(inFolder: layout.tables) {
                if let id = try? ChunkID(name), chunks.contains(id) { continue }
                do throws(DFSError) {
                    try files.remove("\(layout.tables)/\(name)")
                } catch {
                    report.leftovers.append(error)
                }
            }
        } catch {
            report.leftovers.append(error)
        }
    }
}
