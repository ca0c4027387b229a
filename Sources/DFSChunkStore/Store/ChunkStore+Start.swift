import DFSCore
import DFSFiles

// What a start makes of the folder. One file that the disk does not give back, or that this process may not read, keeps no other
// from being served.
extension ChunkStore {
    /// What opening a folder found.
    package struct StartReport: Sendable, Equatable {
        /// A chunk whose file is there and cannot be read.
        package struct Unreadable: Sendable, Equatable {
            package let id: ChunkID
            /// Why.
            package let error: DFSError
        }

        /// Chunks whose digest is known.
        package var complete = 0
        /// Chunks that must be read to know their digest.
        package var unverified = 0
        /// Unfinished uploads of the last run, removed.
        package var temporariesRemoved = 0
        /// Open chunks of the last run, which wait to be sealed.
        package var open = 0
        /// Names in the folder that are no chunks; left alone.
        package var ignored: [String] = []
        /// Whole chunks that are not listed, since their files cannot be read.
        package var unreadable: [Unreadable] = []
        /// Open chunks that answer nobody, since their files cannot be read, or say nothing any more.
        package var openUnreadable: [Unreadable] = []
        /// Chunks whose bytes are not those that were sealed: their files go to quarantine as damaged ones.
        package var damagedSeals: [ChunkID] = []
        /// Chunks that are whole, and whose open files could not be removed.
        package var leftOpen: [ChunkID] = []
        /// Why files of ours that are of no use any more stay where they are.
        package var leftovers: [DFSError] = []
    }

    /// So many files that cannot be read never keep a server from starting.
    static let maxUnreadableCount = 10

    /// The node id in the folder, or `new`, which is durable on return.
    static func keptNodeID(_ files: any FileSystem, _ layout: StoreLayout, new: String) throws(DFSError) -> String {
        if let kept = try files.readSmallFile("\(layout.own)/\(layout.nodeIDName)") {
            let id = kept.prefix { $0 != "\n" }
            if !id.isEmpty { return String(id) }
        }
        try files.replaceSmallFile(layout.nodeIDName, in: layout.own, by: new + "\n")
        return new
    }

    /// Removes what unfinished uploads left.
    ///
    /// - Returns: a number that no file which stays there has, nor any above it.
    static func removeTemporaries(
        _ files: any FileSystem, _ layout: StoreLayout, _ report: inout StartReport
    ) throws(DFSError) -> UInt64 {
        var free: UInt64 = 1
        for name in try files.names(inFolder: layout.temporaries) {
            do throws(DFSError) {
                try files.remove("\(layout.temporaries)/\(name)")
                report.temporariesRemoved += 1
            } catch {
                report.leftovers.append(error)
                if let number = StoreLayout.temporaryNumber(name), number < .max / 2 { free = max(free, number + 1) }
            }
        }
        return free
    }

    /// Finds the chunks in the folder. A chunk without a kept digest, such as one of a Go node, is unverified.
    static func scan(
        _ files: any FileSystem, _ layout: StoreLayout, _ report: inout StartReport
    ) throws(DFSError) -> [(ChunkID, ChunkCatalog.Stored)] {
        var found: [(ChunkID, ChunkCatalog.Stored)] = []
        for name in try files.names(inFolder: layout.root) where name != ".dfs" {
            guard let id = try? ChunkID(name) else {
                report.ignored.append(name)
                continue
            }
            do throws(DFSError) {
                guard let stored = try lookTwice(files, layout.chunk(id)) else {
                    report.ignored.append(name)
                    continue
                }
                if stored.crc32c == nil { report.unverified += 1 } else { report.complete += 1 }
                found.append((id, stored))
            } catch  where error.isOfOneFile {
                report.unreadable.append(StartReport.Unreadable(id: id, error: error))
            }
        }
        return found
    }

    /// What a chunk's file says of itself; `nil` where it is no file. None is given up for one failure of the disk.
    private static func lookTwice(
        _ files: any FileSystem, _ path: String
    ) throws(DFSError) -> ChunkCatalog.Stored? {
        do {
            return try look(files, path)
        } catch {
            guard error.code == .dataLoss else { throw error }
            return try look(files, path)
        }
    }

    private static func look(_ files: any FileSystem, _ path: String) throws(DFSError) -> ChunkCatalog.Stored? {
        guard try files.status(of: path)?.kind == .file else { return nil }
        return try inspect(files, path)
    }

    /// What a chunk's file says of itself; a kept digest whose length is not the file's is not believed, and one that cannot be
    /// read is missing.
    static func inspect(_ files: any FileSystem, _ path: String) throws(DFSError) -> ChunkCatalog.Stored {
        let file = try files.open(path, .reading)
        let size = try file.size()
        guard let text = try? file.attribute(DigestAttribute.name), let digest = DigestAttribute.digest(in: text),
            digest.length == size
        else { return ChunkCatalog.Stored(length: size, crc32c: nil) }
        return ChunkCatalog.Stored(digest, isAdopted: DigestAttribute.isAdopted(text))
    }

    /// Where much cannot be read, it is the disk that is broken, or the folder is another user's: nothing in it is to be touched.
    static func refuseIfBroken(_ report: StartReport, _ root: String) throws(DFSError) {
        let unreadable = report.unreadable + report.openUnreadable
        let count = report.complete + report.unverified + report.open + unreadable.count
        guard unreadable.count > max(maxUnreadableCount, count / 10), let first = unreadable.first else { return }
        throw DFSError(
            first.error.code,
            "\(unreadable.count) of \(count) chunks in \(root) cannot be read; the first: \(first.error.message)")
    }
}

extension DFSError {
    /// Whether it may be that of one file alone, as a bad sector or another owner, and not that of the process or the machine.
    var isOfOneFile: Bool { code == .dataLoss || code == .permissionDenied }
}
