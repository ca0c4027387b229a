import DFSCore
import DFSFiles

// A full disk: what cannot be missed gives way, oldest first (docs/decisions/0012).
extension ChunkStore {
    /// What was erased before its time.
    package struct Reclaimed: Sendable, Equatable {
        package var chunks = 0
        package var bytes: Int64 = 0
    }

    /// What was erased before its time since this was last asked.
    package func takeReclaimed() -> Reclaimed {
        state.withLock { state in
            defer { state.reclaimed = Reclaimed() }
            return state.reclaimed
        }
    }

    /// Runs `body`, and again for as long as it fails for want of room on the disk, which alone is
    /// ``DFSError/Code/resourceExhausted`` here, and quarantined chunks give way.
    ///
    /// - Parameters:
    ///   - bytes: about what `body` needs; at least that much is erased between two attempts, where there is as much.
    ///   - body: does the same when it is run again. Never a sync: one that failed must not be taken for done later.
    func withRoom<Result>(for bytes: Int64, _ body: () throws(DFSError) -> Result) throws(DFSError) -> Result {
        while true {
            do throws(DFSError) {
                return try body()
            } catch  where error.code == .resourceExhausted {
                let oldest = state.withLock { $0.spare.takeOldest(bytes) }
                if oldest.isEmpty { throw error }
                erase(oldest)
            }
        }
    }

    /// Erases chunks that ``SpareChunks`` gave up. One that cannot be removed stays until its time is over.
    func erase(_ entries: [SpareChunks.Entry]) {
        for entry in entries {
            guard (try? files.remove(entry.path)) == true else { continue }
            state.withLock { state in
                state.reclaimed.chunks += 1
                state.reclaimed.bytes += entry.bytes
            }
        }
    }

    /// What may give way in the folder, as the last run left it; oldest first. What cannot be looked at stays until its time is
    /// over.
    static func findSpare(
        _ files: any FileSystem, _ layout: StoreLayout, _ report: inout StartReport
    ) -> SpareChunks {
        var spare = SpareChunks()
        do throws(DFSError) {
            for folder in try quarantineFolders(files, layout, .certain) {
                addSpare(files, in: folder, to: &spare, &report)
            }
        } catch {
            report.leftovers.append(error)
        }
        return spare
    }

    /// The damaged chunks in quarantine, whenever they came there; those of the oldest folder first.
    static func findDamaged(
        _ files: any FileSystem, _ layout: StoreLayout, _ report: inout StartReport
    ) -> [ChunkID] {
        var found: [ChunkID] = []
        do throws(DFSError) {
            for folder in try quarantineFolders(files, layout, .damaged) {
                guard try files.status(of: folder)?.kind == .folder else { continue }
                found += try files.names(inFolder: folder).compactMap { try? ChunkID($0) }
            }
        } catch {
            report.leftovers.append(error)
        }
        return found
    }

    /// Those of chunks that were deleted on this ground, oldest first.
    private static func quarantineFolders(
        _ files: any FileSystem, _ layout: StoreLayout, _ wanted: DeletionGround
    ) throws(DFSError) -> [String] {
        var seconds: [Int64] = []
        for name in try files.names(inFolder: layout.quarantine) {
            if let (second, ground) = StoreLayout.quarantined(name), ground == wanted { seconds.append(second) }
        }
        return seconds.sorted().map { layout.quarantineFolder($0, wanted) }
    }

    private static func addSpare(
        _ files: any FileSystem, in folder: String, to spare: inout SpareChunks, _ report: inout StartReport
    ) {
        do throws(DFSError) {
            guard try files.status(of: folder)?.kind == .folder else { return }
            for name in try files.names(inFolder: folder) {
                let path = "\(folder)/\(name)"
                guard let status = try files.status(of: path), status.kind == .file else { continue }
                spare.append(SpareChunks.Entry(path: path, folder: folder, bytes: status.size))
            }
        } catch {
            report.leftovers.append(error)
        }
    }
}
