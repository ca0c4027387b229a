import DFSCore
import DFSFiles

extension ChunkStore {
    /// Begins an upload: from now on the chunk counts as being written.
    ///
    /// - Throws: code ``DFSError/Code/resourceExhausted`` when the announced length does not fit the disk.
    package func beginUpload(of id: ChunkID, expecting expected: ExpectedContent) throws(DFSError) -> ChunkWriter {
        if let length = expected.length, length < 0 || length > Int64.max / 2 {
            throw DFSError(.invalidArgument, "chunk \(id) was announced with \(length) bytes")
        }
        let free = try files.freeBytes(at: layout.root)
        let (number, existing) = try state.withLock { (state) throws(DFSError) -> (UInt64, ChunkCatalog.Stored?) in
            let room = free - state.reservations.total
            if let length = expected.length, length > room, state.catalog.stored(id) == nil {
                throw DFSError(
                    .resourceExhausted, "no room for the \(length) bytes of chunk \(id): \(max(0, room)) are free")
            }
            let number = state.nextUpload
            state.nextUpload += 1
            let existing = try state.catalog.beginWriting(id)
            if existing == nil {
                state.reservations.reserve(expected.length ?? settings.usualChunkSize, upload: number)
            }
            return (number, existing)
        }
        do throws(DFSError) {
            let file = existing == nil ? try files.open(layout.temporary(number), .creating) : nil
            return ChunkWriter(id: id, store: self, number: number, expected: expected, file: file)
        } catch {
            state.withLock { state in
                state.reservations.release(upload: number)
                state.catalog.endWriting(id)
            }
            throw error
        }
    }

    /// Gives a synced temporary file its final name. Durable on return.
    ///
    /// When the name is taken, by an upload that ran beside this one, the bytes decide: equal ones are a success.
    func publish(_ id: ChunkID, temporary: String, _ digest: ContentDigest) throws(DFSError) {
        do throws(DFSError) {
            try files.rename(temporary, to: layout.chunk(id), replacing: false)
        } catch  where error.code == .alreadyExists {
            try confirmExisting(id, digest)
            try files.remove(temporary)
            return
        }
        do throws(DFSError) {
            try files.syncFolder(layout.root)
        } catch {
            // Nobody has been told of the chunk: it must not stay without its sync. If it cannot be removed either, the
            // next start finds it whole.
            _ = try? files.remove(layout.chunk(id))
            throw error
        }
        state.withLock { $0.catalog.store(id, ChunkCatalog.Stored(digest)) }
    }

    /// Finds the chunk durable with these very bytes, or throws.
    func confirmExisting(_ id: ChunkID, _ digest: ContentDigest) throws(DFSError) {
        let existing = try digestOnDisk(id)
        guard existing == digest else {
            throw DFSError(
                .alreadyExists,
                "chunk \(id) exists with other bytes (\(existing), uploaded: \(digest)); it stays as it is")
        }
        try files.syncFolder(layout.root)
        state.withLock { $0.catalog.store(id, ChunkCatalog.Stored(digest)) }
    }
}
