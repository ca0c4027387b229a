import DFSCore

/// Which chunks a node has and which it is receiving: decisions only, no files.
///
/// A chunk is *writing* while uploads of it are under way, *unverified* when its file is whole as far as anyone knows
/// but its digest is not known (a folder adopted from a Go node), and *complete* when its digest is known. A complete or
/// unverified chunk can have writers too: repeated uploads, which are compared and never replace it.
package struct ChunkCatalog: Sendable {
    /// A chunk that has a file.
    package struct Stored: Sendable, Equatable {
        /// Bytes in the file.
        package let length: Int64
        /// Of the file; `nil` until it has been read.
        package var crc32c: UInt32?
        /// Whether the checksum was read off a file that came in another way than by an upload, such as one of a Go node: it says
        /// what the bytes are, and nobody has said that they are the chunk's.
        package var isAdopted: Bool

        package init(length: Int64, crc32c: UInt32?, isAdopted: Bool = false) {
            self.length = length
            self.crc32c = crc32c
            self.isAdopted = isAdopted
        }

        init(_ digest: ContentDigest, isAdopted: Bool = false) {
            self.init(length: digest.length, crc32c: digest.crc32c, isAdopted: isAdopted)
        }

        /// Length and checksum, once both are known.
        package var digest: ContentDigest? { crc32c.map { ContentDigest(length: length, crc32c: $0) } }
    }

    /// What became of a wish to remove a chunk.
    package enum Removal: Sendable, Equatable {
        case removed
        /// An upload of it is under way: ask again when that has ended.
        case busy
        case absent
    }

    private struct Record {
        var writers = 0
        var stored: Stored?
        /// Its file is being moved away.
        var isLeaving = false
    }

    private var records: [ChunkID: Record] = [:]
    /// Rises whenever a list of chunks would differ from the last one.
    package private(set) var revision: UInt64 = 0
    /// Rises whenever an upload of a chunk that had no file begins.
    package private(set) var arrivals: UInt64 = 0
    /// How many chunks have a file.
    package private(set) var storedCount = 0
    private var uploadsUnderWay = 0
    private var open: Set<ChunkID> = []
    /// Chunks whose files came, went or became known since the changes were taken last, and whether there was a file then; `nil`
    /// while nobody follows the changes.
    private var changed: [ChunkID: Bool]?

    package init() {}

    /// Chunks with a file, their bytes, and uploads under way.
    package var counts: (complete: Int, unverified: Int, bytes: Int64, uploads: Int) {
        var counts = (complete: 0, unverified: 0, bytes: Int64(0), uploads: uploadsUnderWay)
        for stored in records.values.lazy.compactMap(\.stored) {
            if stored.crc32c == nil { counts.unverified += 1 } else { counts.complete += 1 }
            counts.bytes += stored.length
        }
        return counts
    }

    /// Whether an upload of any chunk is under way.
    package var isReceiving: Bool { uploadsUnderWay > 0 }

    /// The chunk's file, or `nil` when there is none or only an unfinished one.
    package func stored(_ id: ChunkID) -> Stored? { records[id]?.stored }

    /// Whether an upload of it is under way.
    package func isBeingWritten(_ id: ChunkID) -> Bool { (records[id]?.writers ?? 0) > 0 }

    /// Whether the chunk is appended to, or waits to be sealed.
    package func isOpen(_ id: ChunkID) -> Bool { open.contains(id) }

    /// How many chunks are open.
    package var openCount: Int { open.count }

    /// Ids with a file, and with `includingUnfinished` also those being received or open; sorted.
    package func ids(includingUnfinished: Bool) -> [ChunkID] {
        let whole = records.filter { $0.value.stored != nil || includingUnfinished && $0.value.writers > 0 }.keys
        return (includingUnfinished ? open.union(whole).sorted() : whole.sorted())
    }

    /// The chunk is open from now on, or no longer.
    package mutating func setOpen(_ id: ChunkID, _ isOpen: Bool) {
        if isOpen == open.contains(id) { return }
        if isOpen { open.insert(id) } else { open.remove(id) }
        revision += 1
    }

    /// All ids with a file behind `id` in their order, or all for `nil`; in no order, since whoever wants one need not hold others up
    /// while they are sorted. One pass over all chunks.
    package func storedIDs(after id: ChunkID?) -> [ChunkID] {
        var found: [ChunkID] = []
        found.reserveCapacity(id == nil ? storedCount : 0)
        for (key, record) in records where record.stored != nil && id.map({ $0 < key }) ?? true { found.append(key) }
        return found
    }

    /// All chunks whose digest is known.
    package var digests: [(id: ChunkID, digest: ContentDigest)] {
        records.compactMap { id, record in record.stored?.digest.map { (id, $0) } }
    }

    /// Ids of chunks that must be read to know their digest.
    package var unverified: [ChunkID] {
        records.filter { $0.value.stored.map { $0.crc32c == nil } ?? false }.keys.sorted()
    }

    /// An upload begins.
    ///
    /// - Returns: what is stored under the id already; then the upload must only be compared with it.
    /// - Throws: code ``DFSError/Code/unavailable`` while the chunk is being removed.
    package mutating func beginWriting(_ id: ChunkID) throws(DFSError) -> Stored? {
        if records[id]?.isLeaving == true {
            throw DFSError(.unavailable, "chunk \(id) is just being deleted here; try again")
        }
        if records[id] == nil {
            revision += 1
            arrivals += 1
        }
        records[id, default: Record()].writers += 1
        uploadsUnderWay += 1
        return records[id]?.stored
    }

    /// An upload ended, well or not; each `beginWriting` is followed by exactly one of these.
    package mutating func endWriting(_ id: ChunkID) {
        precondition(isBeingWritten(id), "an upload of \(id) ended twice")
        records[id]?.writers -= 1
        uploadsUnderWay -= 1
        if let record = records[id], record.writers == 0, record.stored == nil, !record.isLeaving {
            records[id] = nil
            revision += 1
        }
    }

    /// The chunk's file is in place.
    package mutating func store(_ id: ChunkID, _ stored: Stored) {
        noteChange(of: id)
        if records[id]?.stored == nil { storedCount += 1 }
        records[id, default: Record()].stored = stored
        revision += 1
    }

    /// Whether its file is being moved away.
    package func isLeaving(_ id: ChunkID) -> Bool { records[id]?.isLeaving == true }

    /// The chunk's file is about to go: it leaves the lists at once, unless an upload of the chunk is under way.
    ///
    /// After ``Removal/removed``, no upload of the chunk can begin until ``endRemoval(_:keeping:)``: it would meet the
    /// old file.
    ///
    /// - Parameter evenWhileWritten: whether uploads are no reason to wait. Those that are compared with the file fail then.
    package mutating func beginRemoval(_ id: ChunkID, evenWhileWritten: Bool = false) -> Removal {
        guard let record = records[id], !record.isLeaving else { return .absent }
        if record.writers > 0 {
            if !evenWhileWritten { return .busy }
            if record.stored == nil { return .absent }
        }
        noteChange(of: id)
        if record.stored != nil { storedCount -= 1 }
        records[id]?.stored = nil
        records[id]?.isLeaving = true
        revision += 1
        return .removed
    }

    /// A file of that name, of a chunk that is in no list, is about to go; no upload begins until ``endRemoval(_:keeping:)``.
    ///
    /// - Returns: whether it may go: not while an upload is under way, or where the chunk is listed.
    package mutating func beginClearing(_ id: ChunkID) -> Bool {
        guard records[id] == nil else { return false }
        records[id] = Record(isLeaving: true)
        return true
    }

    /// The file is gone, or could not be removed and is listed again as `kept`.
    package mutating func endRemoval(_ id: ChunkID, keeping kept: Stored? = nil) {
        precondition(records[id]?.isLeaving == true, "a removal of \(id) ended that never began")
        records[id]?.isLeaving = false
        if let kept {
            store(id, kept)
        } else if let record = records[id], record.writers == 0, record.stored == nil {
            records[id] = nil
        }
    }
}

// One follower at a time is told of all chunks with files once, and then of what changes, at a cost that goes by the changes.
extension ChunkCatalog {
    /// What became of a chunk since the changes were taken last.
    package struct Change: Sendable, Equatable {
        package let id: ChunkID
        /// Whether it had a file then.
        package let wasStored: Bool
        /// Its file now.
        package let stored: Stored?
    }

    /// Begins to note changes.
    ///
    /// - Returns: all chunks that have files now, in no order.
    package mutating func follow() -> [(id: ChunkID, stored: Stored)] {
        changed = [:]
        return records.compactMap { id, record in record.stored.map { (id, $0) } }
    }

    /// Ends what ``follow()`` began.
    package mutating func unfollow() { changed = nil }

    /// Takes up to `limit` changes; a chunk that came and went meanwhile is none.
    package mutating func takeChanges(limit: Int) -> [Change] {
        var taken: [Change] = []
        while taken.count < limit, let (id, wasStored) = changed?.popFirst() {
            let stored = records[id]?.stored
            if wasStored || stored != nil { taken.append(Change(id: id, wasStored: wasStored, stored: stored)) }
        }
        return taken
    }

    private mutating func noteChange(of id: ChunkID) {
        guard changed != nil, changed?[id] == nil else { return }
        changed?[id] = records[id]?.stored != nil
    }
}
