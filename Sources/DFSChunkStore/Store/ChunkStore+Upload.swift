import DFSCore
import DFSFiles

extension ChunkStore {
    /// What became of a wish to upload.
    private enum Admission {
        /// The upload has this number; `existing` is what it must be compared with.
        case begun(number: UInt64, existing: ChunkCatalog.Stored?)
        /// It would fit once these are erased.
        case fitsWithout([SpareChunks.Entry])
    }

    /// Begins an upload: from now on the chunk counts as being written.
    ///
    /// Where it does not fit, chunks in quarantine that cannot be missed give way; none does for an upload that would
    /// not fit even so.
    ///
    /// - Throws: code ``DFSError/Code/resourceExhausted`` when the announced length does not fit the disk.
    package func beginUpload(of id: ChunkID, expecting expected: ExpectedContent) throws(DFSError) -> ChunkWriter {
        // Before its room is set aside.
        if let length = expected.length, length < 0 || length > ChunkWriter.maxLength {
            throw DFSError(
                .invalidArgument,
                "chunk \(id) was announced with \(length) bytes; no chunk has more than \(ChunkWriter.maxLength)")
        }
        let (number, existing) = try admitUpload(of: id, expected)
        do throws(DFSError) {
            guard existing == nil else {
                return ChunkWriter(
                    id: id, store: self, number: number, expected: expected, file: nil, writesBlocks: false)
            }
            let file = try withRoom(for: 1) { () throws(DFSError) in
                try files.open(layout.temporary(number), .creating)
            }
            let writesBlocks = try beginDirectWrites(file, number, expected.length)
            return ChunkWriter(
                id: id, store: self, number: number, expected: expected, file: file, writesBlocks: writesBlocks)
        } catch {
            state.withLock { state in
                state.reservations.release(upload: number)
                state.catalog.endWriting(id)
            }
            throw error
        }
    }

    /// A chunk that is announced with no more than this goes by the page cache: setting its room aside and turning that into
    /// written blocks would cost more than the copy.
    static let directWriteFloor: Int64 = 256 << 10

    /// Chunks go to the disk past the page cache where it can be had (docs/decisions/0016).
    private func beginDirectWrites(
        _ file: any OpenFile, _ number: UInt64, _ length: Int64?
    ) throws(DFSError) -> Bool {
        if let length, length <= Self.directWriteFloor { return false }
        guard file.beginDirectWrites() else { return false }
        // Without the cache between, two uploads at once would lie on the disk in turns.
        guard let length, length > 0 else { return true }
        do throws(DFSError) {
            let isSetAside = try withRoom(for: length) { () throws(DFSError) in try file.setAside(length) }
            // It is no longer free: it must not be counted twice.
            if isSetAside { state.withLock { $0.reservations.use(length, upload: number) } }
            return true
        } catch {
            _ = try? files.remove(layout.temporary(number))
            throw error
        }
    }

    /// Enters the upload and promises it its room.
    private func admitUpload(
        of id: ChunkID, _ expected: ExpectedContent
    ) throws(DFSError) -> (number: UInt64, existing: ChunkCatalog.Stored?) {
        while true {
            let free = try files.freeBytes(at: layout.root)
            let admission = try state.withLock { (state) throws(DFSError) in
                try admit(id, expected, free: free, &state)
            }
            switch admission {
            case .begun(let number, let existing): return (number, existing)
            case .fitsWithout(let spare): erase(spare)
            }
        }
    }

    private func admit(
        _ id: ChunkID, _ expected: ExpectedContent, free: Int64, _ state: inout State
    ) throws(DFSError) -> Admission {
        let room = free - state.reservations.total
        let need = expected.length ?? settings.usualChunkSize
        if need > room, state.catalog.stored(id) == nil {
            if state.spare.total >= need - room { return .fitsWithout(state.spare.takeOldest(need - room)) }
            // One that does not say its length may be short: it is tried.
            if expected.length != nil {
                throw DFSError(
                    .resourceExhausted,
                    "no space for the \(need) bytes of chunk \(id): \(max(0, room)) are free; "
                        + "free some, or add chunk servers")
            }
        }
        let number = state.nextUpload
        state.nextUpload += 1
        let existing = try state.catalog.beginWriting(id)
        if existing == nil { state.reservations.reserve(need, upload: number) }
        return .begun(number: number, existing: existing)
    }

    /// Gives a synced temporary file its final name. Durable on return.
    ///
    /// When the name is taken, by an upload that ran beside this one or by a damaged file, the bytes decide: see
    /// ``takeName(of:for:_:)``.
    func publish(_ id: ChunkID, temporary: String, _ checksums: BlockChecksums) throws(DFSError) {
        let digest = checksums.digest
        let displacements = state.withLock { $0.displacements }
        guard try takeName(of: id, for: temporary, digest) else {
            // A seal that failed behind the rename may have given the name: the chunk is whole, and open no more.
            unsealed(id)?.leave()
            return
        }
        // Whose name it is, his is the table. It is not waited for on the disk.
        keepTable(checksums, of: id)
        do throws(DFSError) {
            try files.syncFolder(layout.root)
        } catch {
            withdraw(id, digest, unlessDisplacedSince: displacements)
            throw error
        }
        state.withLock { $0.catalog.store(id, ChunkCatalog.Stored(digest)) }
        // What was open under the id here is a stale replica of what has now come whole.
        unsealed(id)?.leave()
    }

    /// Takes back the name of a chunk whose folder could not be synced: nobody has been told of it. Where another upload of the same
    /// bytes has found the file meanwhile, and synced it, that one has been acknowledged, and the file stays.
    ///
    /// It stays, too, where files of the store were found damaged meanwhile: this may have been one of them, and the file that has the
    /// name that of an upload which waits for its own sync.
    ///
    /// One that stays or cannot be removed is found whole by the next start.
    private func withdraw(_ id: ChunkID, _ digest: ContentDigest, unlessDisplacedSince displacements: UInt64) {
        naming.withLock { _ in
            if state.withLock({ $0.catalog.stored(id) != nil || $0.displacements != displacements }) { return }
            _ = try? files.remove(layout.chunk(id))
            dropTable(of: id, length: digest.length)
        }
    }
}
