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
    /// - Returns: ``ChunkCatalog/Removal/busy`` while an upload of it is under way, and nothing happens then.
    package func quarantine(_ id: ChunkID, _ ground: DeletionGround) throws(DFSError) -> ChunkCatalog.Removal {
        let (removal, stored) = state.withLock { state in
            let stored = state.catalog.stored(id)
            return (state.catalog.beginRemoval(id), stored)
        }
        guard removal == .removed else { return removal }
        do throws(DFSError) {
            try moveToQuarantine(id, from: layout.chunk(id), bytes: stored?.length ?? 0, ground)
        } catch  where error.code != .notFound {
            state.withLock { $0.catalog.endRemoval(id, keeping: stored) }
            throw error
        } catch {
            // The file was gone already, and so is the chunk.
        }
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

    /// Removes quarantined files whose time is over; says how many.
    package func purgeQuarantine() throws(DFSError) -> Int {
        let keepSeconds = settings.quarantineKeep.components.seconds
        var count = 0
        for name in try files.names(inFolder: layout.quarantine) {
            guard let (second, ground) = StoreLayout.quarantined(name),
                second + Self.folderSpan + keepSeconds <= wallClock()
            else { continue }
            let folder = layout.quarantineFolder(second, ground)
            state.withLock { $0.spare.forget(folder: folder) }
            for chunk in try files.names(inFolder: folder) where try files.remove("\(folder)/\(chunk)") {
                count += 1
            }
            try files.removeFolder(folder)
        }
        return count
    }

    /// An operator makes this file to let deletions go that the breaker holds.
    package var releaseFile: String { "\(layout.own)/release-deletions" }

    /// Whether an operator made ``releaseFile``; it is removed, so it counts once.
    package func takeRelease() throws(DFSError) -> Bool {
        try files.remove(releaseFile)
    }
}
