import DFSCore
import DFSFiles

extension ChunkStore {
    /// Deleted chunks of this many seconds share a folder.
    private static let folderSpan: Int64 = 60

    /// Deletes a chunk for its users: it leaves the listing at once, and its file is kept in quarantine for the set
    /// time, or with ``DeletionGround/certain`` until its room is needed.
    ///
    /// To restore it, stop the server and move the file back into the folder of chunks; the next start takes it up.
    ///
    /// - Returns: ``ChunkCatalog/Removal/busy`` while an upload of it is under way, and nothing happens then; a damaged
    ///   chunk goes all the same.
    package func quarantine(_ id: ChunkID, _ ground: DeletionGround) throws(DFSError) -> ChunkCatalog.Removal {
        let (removal, stored) = state.withLock { state in
            let stored = state.catalog.stored(id)
            let removal = state.catalog.beginRemoval(id, evenWhileWritten: ground == .damaged)
            // It may be what was sealed here: nobody is to be told that it never was.
            if ground == .damaged, removal == .removed { state.closedWhole.insert(id) }
            return (removal, stored)
        }
        guard removal == .removed else { return removal }
        do throws(DFSError) {
            try moveToQuarantine(id, from: layout.chunk(id), bytes: stored?.length ?? 0, ground)
        } catch  where error.code != .notFound {
            // A damaged chunk is not served, wherever its file is.
            state.withLock { state in
                state.catalog.endRemoval(id, keeping: ground == .damaged ? nil : stored)
                if ground == .damaged, state.unmoved.count < Self.maxUnmovedCount { state.unmoved.insert(id) }
            }
            throw error
        } catch {
            // The file was gone already, and so is the chunk.
        }
        if let stored { dropTable(of: id, length: stored.length) }
        state.withLock { $0.catalog.endRemoval(id) }
        return .removed
    }

    /// Moves the file `source` of a chunk, of `bytes` bytes. When the disk is too full even for the folder, a file that
    /// cannot be missed is erased instead.
    func moveToQuarantine(
        _ id: ChunkID, from source: String, bytes: Int64, _ ground: DeletionGround
    ) throws(DFSError) {
        let now = wallClock()
        var second = now - now % Self.folderSpan
        while true {
            let folder = layout.quarantineFolder(second, ground)
            do throws(DFSError) {
                try withRoom(for: 1) { () throws(DFSError) in try files.makeFolder(folder) }
            } catch  where error.code == .resourceExhausted && ground == .certain {
                try files.remove(source)
                return
            }
            do {
                try files.rename(source, to: "\(folder)/\(id.text)", replacing: false)
                if ground == .certain {
                    let entry = SpareChunks.Entry(path: "\(folder)/\(id.text)", folder: folder, bytes: bytes)
                    state.withLock { $0.spare.append(entry) }
                }
                return
            } catch  where error.code == .alreadyExists {
                // The same id was deleted within this minute: both files are kept.
                second += 1
            }
        }
    }

    /// Tries each by itself, since one may never be moved; says what went wrong first.
    private func moveUnmoved() -> DFSError? {
        var first: DFSError?
        for id in state.withLock({ $0.unmoved.sorted() }) {
            do throws(DFSError) {
                try naming.withLock { (_) throws(DFSError) in try moveUnmoved(id) }
            } catch {
                first = first ?? error
            }
        }
        return first
    }

    /// An upload that is under way moves the file itself, and none begins until it is moved; so the file is the damaged one.
    private func moveUnmoved(_ id: ChunkID) throws(DFSError) {
        let isBegun = state.withLock { state in
            guard state.unmoved.contains(id), state.catalog.stored(id) == nil else {
                state.unmoved.remove(id)
                return false
            }
            return state.catalog.beginClearing(id)
        }
        guard isBegun else { return }
        defer { state.withLock { $0.catalog.endRemoval(id) } }
        if let size = try files.status(of: layout.chunk(id))?.size {
            try moveDamaged(id, bytes: size)
        } else {
            state.withLock { _ = $0.unmoved.remove(id) }
        }
    }

    /// Removes quarantined files whose time is over, but no damaged ones; says how many.
    ///
    /// Damaged chunks whose files could not be moved to quarantine are moved now: as long as they are in the way, no good copy can
    /// come in their place. So are the files of open chunks removed that have become whole meanwhile.
    ///
    /// - Throws: what kept one of these from being moved or removed; all the rest is done all the same.
    package func purgeQuarantine() throws(DFSError) -> Int {
        var first = moveUnmoved()
        first = removeLeftOpen() ?? first
        var count = 0
        for folder in try dueFolders() where folder.ground != .damaged {
            state.withLock { $0.spare.forget(folder: folder.path) }
            first = erase(in: folder.path, counting: &count) { _ in true } ?? first
        }
        if let first { throw first }
        return count
    }

    /// Damaged chunks in quarantine whose time is over: to be erased where the master can miss them.
    ///
    /// - Parameters:
    ///   - id: only those behind it in the order of ids; from the start for `nil`.
    ///   - limit: the first so many of them.
    package func dueDamagedChunks(after id: ChunkID?, limit: Int) throws(DFSError) -> [ChunkID] {
        var due: Set<ChunkID> = []
        for folder in try dueFolders() where folder.ground == .damaged {
            for name in try files.names(inFolder: folder.path) {
                if let found = try? ChunkID(name), id.map({ $0 < found }) ?? true { due.insert(found) }
            }
        }
        return Array(due.sorted().prefix(limit))
    }

    /// Erases damaged chunks whose time is over; says how many files.
    ///
    /// - Throws: what kept one from being erased; the others are.
    package func eraseDamaged(_ ids: Set<ChunkID>) throws(DFSError) -> Int {
        var first: DFSError?
        var count = 0
        for folder in try dueFolders() where folder.ground == .damaged {
            first = erase(in: folder.path, counting: &count) { $0.map { ids.contains($0) } ?? false } ?? first
        }
        if let first { throw first }
        return count
    }

    /// Erases files of one folder in quarantine, each by itself, and the folder where nothing stays in it.
    ///
    /// - Parameter isDue: says of a chunk, or of `nil` for a file with another name, whether it goes.
    /// - Returns: what kept one of them from going.
    private func erase(in folder: String, counting count: inout Int, _ isDue: (ChunkID?) -> Bool) -> DFSError? {
        var first: DFSError?
        var isEmpty = true
        do throws(DFSError) {
            for name in try files.names(inFolder: folder) {
                guard isDue(try? ChunkID(name)) else {
                    isEmpty = false
                    continue
                }
                do throws(DFSError) {
                    if try files.remove("\(folder)/\(name)") { count += 1 }
                } catch {
                    first = first ?? error
                }
            }
            if isEmpty, first == nil { try files.removeFolder(folder) }
        } catch {
            first = first ?? error
        }
        return first
    }

    private func dueFolders() throws(DFSError) -> [(path: String, ground: DeletionGround)] {
        // The other way round a name in the folder, which may be any number, could be too large to add to.
        let latest = wallClock() - Self.folderSpan - settings.quarantineKeep.components.seconds
        var due: [(path: String, ground: DeletionGround)] = []
        for name in try files.names(inFolder: layout.quarantine) {
            guard let (second, ground) = StoreLayout.quarantined(name), second <= latest else { continue }
            due.append((layout.quarantineFolder(second, ground), ground))
        }
        return due
    }

    /// An operator makes this file to let deletions go that the breaker holds.
    package var releaseFile: String { "\(layout.own)/release-deletions" }

    /// Whether an operator made ``releaseFile``; it is removed, so it counts once.
    package func takeRelease() throws(DFSError) -> Bool {
        try files.remove(releaseFile)
    }
}
