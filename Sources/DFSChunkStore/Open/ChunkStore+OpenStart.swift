import DFSCore
import DFSFiles

// What a start makes of the open chunks that the last run left.
extension ChunkStore {
    /// Finishes seals that were under way, and finds the chunks that wait to be sealed. To be done before the scan for chunks.
    ///
    /// A chunk that is here whole, too, was sealed or came by an upload: its open file is a leftover.
    static func scanOpen(
        _ files: any FileSystem, _ layout: StoreLayout, _ report: inout StartReport
    ) throws(DFSError) -> [(ChunkID, OpenJournal)] {
        var found: [(ChunkID, OpenJournal)] = []
        for name in try files.names(inFolder: layout.open) {
            guard let id = try? ChunkID(name) else {
                report.ignored.append(name)
                continue
            }
            do throws(DFSError) {
                guard try files.status(of: layout.open(id))?.kind == .file else {
                    report.ignored.append(name)
                    continue
                }
                if let journal = try inspectOpen(files, layout, id, &report) {
                    found.append((id, journal))
                    report.open += 1
                }
            } catch  where error.isOfOneFile {
                report.openUnreadable.append(StartReport.Unreadable(id: id, error: error))
            }
        }
        return found
    }

    /// - Returns: what waits to be sealed; `nil` where the file is no open chunk's any more.
    private static func inspectOpen(
        _ files: any FileSystem, _ layout: StoreLayout, _ id: ChunkID, _ report: inout StartReport
    ) throws(DFSError) -> OpenJournal? {
        if try files.status(of: layout.chunk(id)) != nil {
            // Only where that can be read is this one not needed.
            _ = try inspect(files, layout.chunk(id))
            do throws(DFSError) {
                try files.remove(layout.open(id))
            } catch {
                report.leftovers.append(error)
                report.leftOpen.append(id)
            }
            return nil
        }
        switch try finishSeal(files, layout, id) {
        case .finished: return nil
        case .damaged:
            report.damagedSeals.append(id)
            return nil
        case .notBegun: break
        }
        // Its first entry is durable before anything is told of it, so this is no crash of ours: the bytes may have been acknowledged.
        guard let journal = try OpenJournal(files.open(layout.open(id), .reading)) else {
            throw UnsealedChunk.isChanged(id)
        }
        return journal
    }

    private enum Seal { case notBegun, finished, damaged }

    /// A file with a digest was being sealed, by the master's order. It is cut only where that is the digest of its bytes. One that is
    /// cut already and has other bytes is a damaged chunk as any other: it has no journal any more that could tell another end.
    private static func finishSeal(
        _ files: any FileSystem, _ layout: StoreLayout, _ id: ChunkID
    ) throws(DFSError) -> Seal {
        let file = try files.open(layout.open(id), .continuing)
        let size = try file.size()
        guard let digest = try file.attribute(DigestAttribute.name).flatMap({ DigestAttribute.digest(in: $0) }),
            size >= digest.length
        else { return .notBegun }
        try UnsealedChunk.dropUnsynced(file)
        do throws(DFSError) {
            guard try sumTwice(of: digest.length, in: file, id) == digest.crc32c else {
                throw UnsealedChunk.isChanged(id)
            }
        } catch {
            guard size == digest.length, error.code == .dataLoss else { throw error }
            return .damaged
        }
        try file.truncate(to: digest.length)
        try file.sync()
        try files.rename(layout.open(id), to: layout.chunk(id), replacing: false)
        try files.syncFolder(layout.root)
        return .finished
    }

    /// None is given up for one failure of the disk.
    private static func sumTwice(of length: Int64, in file: any OpenFile, _ id: ChunkID) throws(DFSError) -> UInt32 {
        do {
            return try UnsealedChunk.checksum(of: 0..<length, in: file, id)
        } catch {
            guard error.code == .dataLoss else { throw error }
            return try UnsealedChunk.checksum(of: 0..<length, in: file, id)
        }
    }

    /// Moves a chunk away that was found to be other bytes than were sealed. Where that fails, it is as one that cannot be read, until the
    /// next start.
    func putDamagedSealAside(_ id: ChunkID) {
        let path = layout.open(id)
        do {
            try moveToQuarantine(id, from: path, bytes: (try? files.status(of: path))?.size ?? 0, .damaged)
        } catch {
            return takeUp(id, nil)
        }
        // As for any sealed chunk that was damaged: nobody is told that it was never here.
        state.withLock { $0.closedWhole.insert(id) }
    }

    /// An open chunk of the last run takes nothing more; its data is read when somebody asks for its length.
    ///
    /// - Parameter journal: `nil` where the file cannot be read now, or has none. The chunk may have bytes that were acknowledged, so nobody is
    ///   told that there is none: what needs the file fails, until that can be read.
    func takeUp(_ id: ChunkID, _ journal: OpenJournal?) {
        var found = UnsealedChunk.State()
        found.isUnread = true
        found.isUnknown = true
        if let journal { found.learn(journal) }
        found.frozen = DFSError(
            .unavailable, "chunk \(id) takes nothing more here, since this server was restarted",
            advice: .refreshLocations)
        let chunk = UnsealedChunk(id: id, store: self, found)
        state.withLock { state in
            state.open[id] = chunk
            state.catalog.setOpen(id, true)
        }
    }
}

extension UnsealedChunk.State {
    /// Takes over what the journal says of the chunk, but for its bytes.
    mutating func learn(_ journal: OpenJournal) {
        chunkSize = journal.chunkSize
        version = journal.version
        fence = journal.fence
        nextSlot = journal.nextSlot
        isUnknown = false
    }
}
