import DFSCore
import DFSFiles

// Whose file has the name of a chunk. One that is in no list is trusted for its bytes alone, never for the digest kept with it: it
// may be a damaged one that could not be moved away.
extension ChunkStore {
    /// Gives the synced file `source` the chunk's name, which is durable once the folder is synced.
    ///
    /// When the name is taken, the bytes of its file decide. Equal ones are as good: they are listed and durable on return, and
    /// `source` is removed. Damaged ones give way to quarantine.
    ///
    /// - Returns: whether it is `source` that has the name now.
    /// - Throws: code ``DFSError/Code/alreadyExists`` for other bytes that are not damaged.
    func takeName(of id: ChunkID, for source: String, _ digest: ContentDigest) throws(DFSError) -> Bool {
        let isInTheWay = state.withLock { $0.isInTheWay(id) }
        if !isInTheWay, try isRenamed(source, id) { return true }
        let isOwn = try naming.withLock { (_) throws(DFSError) in try takeNameAlone(id, source, digest) }
        if !isOwn { try files.remove(source) }
        return isOwn
    }

    private func takeNameAlone(
        _ id: ChunkID, _ source: String, _ digest: ContentDigest
    ) throws(DFSError) -> Bool {
        // Once for the file that is in the way, and once for an upload that was quicker then.
        for _ in 0..<3 {
            if try isRenamed(source, id) {
                state.withLock { $0.clearTheWay(of: id) }
                return true
            }
            if try isSame(id, digest) { return false }
        }
        throw DFSError(.unavailable, "chunk \(id) comes and goes here; send it again")
    }

    private func isRenamed(_ source: String, _ id: ChunkID) throws(DFSError) -> Bool {
        do throws(DFSError) {
            try files.rename(source, to: layout.chunk(id), replacing: false)
            return true
        } catch  where error.code == .alreadyExists {
            return false
        }
    }

    /// Finds the chunk durable with these very bytes, or throws: code ``DFSError/Code/alreadyExists`` for others,
    /// ``DFSError/Code/unavailable`` for damaged ones, which have given way then, ``DFSError/Code/notFound`` for none.
    func confirmExisting(_ id: ChunkID, _ digest: ContentDigest) throws(DFSError) {
        if state.withLock({ $0.catalog.stored(id) != nil }) {
            return try list(id, digest, digestOnDisk(id), isListed: true)
        }
        let isThere = try naming.withLock { (_) throws(DFSError) in
            _ = try files.open(layout.chunk(id), .reading)
            return try isSame(id, digest)
        }
        guard isThere else { throw foundDamaged(id) }
    }

    /// Whether the file of that name has these bytes: it is listed and durable then. If not, none is in the way any more.
    /// To be called with ``naming``, so that the file that is read is the one that is moved.
    private func isSame(_ id: ChunkID, _ digest: ContentDigest) throws(DFSError) -> Bool {
        let (stored, isInTheWay, isLeaving) = state.withLock { state in
            (state.catalog.stored(id), state.isInTheWay(id), state.catalog.isLeaving(id))
        }
        if isLeaving { throw foundDamaged(id) }
        if stored == nil, !isInTheWay, try files.status(of: layout.chunk(id)) == nil { return false }
        if stored != nil {
            try list(id, digest, digestOnDisk(id), isListed: true)
            return true
        }
        guard let file = try openNamed(id, isInTheWay) else { return false }
        let found = try bytesDigest(of: file, isInTheWay)
        if let found, found == digest {
            try list(id, digest, found, isListed: false)
            return true
        }
        if let found, !isInTheWay {
            let kept = try file.attribute(DigestAttribute.name).flatMap { DigestAttribute.digest(in: $0) }
            if kept == nil || kept == found { throw otherBytes(id, found, digest) }
        }
        try moveDamaged(id, bytes: file.size())
        return false
    }

    /// The file of that name; `nil` where there is none, or one that cannot be opened has given way to quarantine: there is a good
    /// copy to take its place.
    private func openNamed(_ id: ChunkID, _ isInTheWay: Bool) throws(DFSError) -> (any OpenFile)? {
        do throws(DFSError) {
            return try files.open(layout.chunk(id), .reading)
        } catch  where isInTheWay && error.code == .notFound {
            state.withLock { $0.clearTheWay(of: id) }
        } catch  where isInTheWay && error.isOfOneFile {
            try moveDamaged(id, bytes: (try? files.status(of: layout.chunk(id)))?.size ?? 0)
        }
        return nil
    }

    /// What the disk really holds; `nil` where a damaged file cannot be read.
    private func bytesDigest(of file: any OpenFile, _ isDamaged: Bool) throws(DFSError) -> ContentDigest? {
        do throws(DFSError) {
            return try ChunkScan.checksums(of: file, pastCache: true).digest
        } catch {
            guard isDamaged else { throw error }
            return nil
        }
    }

    /// Lists a chunk whose file has the digest `existing`.
    ///
    /// - Parameter isListed: whether that is the digest of a listed chunk. One that left the list during the sync was found damaged, and
    ///   is not listed again for what it was.
    private func list(
        _ id: ChunkID, _ digest: ContentDigest, _ existing: ContentDigest, isListed: Bool
    ) throws(DFSError) {
        guard existing == digest else { throw otherBytes(id, existing, digest) }
        let stored = state.withLock { $0.catalog.stored(id) }
        if stored?.digest == nil || stored?.isAdopted == true { try makeOwn(id, digest) }
        try files.syncFolder(layout.root)
        let isHere = state.withLock { state -> Bool in
            if state.catalog.isLeaving(id) { return false }
            if let now = state.catalog.stored(id) {
                if let other = now.digest, other != digest { return false }
            } else if isListed {
                return false
            }
            state.catalog.store(id, ChunkCatalog.Stored(digest))
            state.clearTheWay(of: id)
            return true
        }
        if !isHere { throw foundDamaged(id) }
    }

    /// A file that did not come by an upload that was acknowledged may never have been synced: content and digest are durable on return.
    private func makeOwn(_ id: ChunkID, _ digest: ContentDigest) throws(DFSError) {
        let file = try files.open(layout.chunk(id), .reading)
        try file.sync()
        // What an earlier sync failed to write is in the page cache all the same.
        file.forgetCached()
        guard try ChunkScan.checksums(of: file, pastCache: true).digest == digest else {
            throw DFSError(
                .dataLoss, "the disk does not hold what chunk \(id) was found to be here; use another server",
                advice: .tryOtherReplica)
        }
        // Otherwise the next start took it for one that was only read.
        _ = try file.setAttribute(DigestAttribute.name, to: DigestAttribute.text(of: digest))
        try file.sync()
    }

    /// Moves a damaged file that is in no list out of the way. To be called with ``naming``.
    func moveDamaged(_ id: ChunkID, bytes: Int64) throws(DFSError) {
        state.withLock { $0.displacements += 1 }
        do throws(DFSError) {
            try moveToQuarantine(id, from: layout.chunk(id), bytes: bytes, .damaged)
        } catch  where error.code == .notFound {
            // It is out of the way, too.
        }
        dropTable(of: id, length: bytes)
        state.withLock { state in
            state.clearTheWay(of: id)
            // It may be what was sealed here: a call that asks for an open chunk must not take it for absent.
            state.closedWhole.insert(id)
        }
    }

    private func foundDamaged(_ id: ChunkID) -> DFSError {
        DFSError(.unavailable, "chunk \(id) is just found damaged here; send it again")
    }

    private func otherBytes(_ id: ChunkID, _ existing: ContentDigest, _ uploaded: ContentDigest) -> DFSError {
        DFSError(
            .alreadyExists,
            "chunk \(id) exists with other bytes (\(existing), uploaded: \(uploaded)); it stays as it is")
    }
}
