import DFSCore

// What was removed or replaced waits in the trash; from there it comes back, or goes for good, a little at a time.
extension MasterState {
    /// Chunks that one tick deletes for good, and a turn in which nobody else waits; a folder counts as one. Each is some rows in
    /// the store, so a turn takes fewer than of other work: who comes meanwhile waits for it.
    static let maxPurgesPerTick = 1000
    static let maxPurgesPerTurn = 250

    /// Moves what stands at `place` to the trash.
    mutating func moveToTrash(_ node: NodeID, from place: Place) {
        // A path that grew too long when a folder above it was moved cannot be restored to; the name alone can.
        let path = namespace.path(of: place).flatMap { try? FileName($0) } ?? FileName(place.name)
        let id = nextTrashID()
        let record = TrashRecord(id: id, node: node, path: path, removedAt: wallSeconds)
        namespace.move(node, to: record.place)
        trash[id] = record
        effects.append(.persist(.trash(record)))
        effects.append(.log(.removed(path, trash: id)))
    }

    /// Up to `limit` records, oldest first, behind `cursor`.
    func listTrash(after cursor: PathPart?, limit: Int) -> Answer {
        let wanted = limit == 0 ? Self.maxPageCount : min(limit, Self.maxPageCount)
        let found = namespace.children(of: .trash, after: cursor, limit: wanted + 1)
        let entries = found.prefix(wanted).compactMap { child -> TrashStatus? in
            guard let record = trash[child.name], let node = namespace.status(of: record.node, named: record.path.text)
            else {
                return nil
            }
            return TrashStatus(
                id: record.id.text, removedAt: record.removedAt, isPurging: isPurging(record), node: node)
        }
        return .trash(entries, hasMore: found.count > wanted)
    }

    /// Brings back what was removed, to where it was or to `target`.
    mutating func restore(_ id: PathPart, to target: FileName?) throws(DFSError) -> Answer {
        try checkWritable()
        guard let record = trash[id], !isPurging(record) else {
            throw DFSError(.notFound, "nothing in the trash has the id \(quoted(id.text)) any more")
        }
        let name = target ?? record.path
        let way = try wayTo(name)
        if let place = way.place { try makeFree(place, name) }
        let place = makeFolders(way)
        namespace.move(record.node, to: place)
        trash[id] = nil
        effects.append(.persist(.move(record.node, to: place)))
        effects.append(.persist(.forgetTrash(id)))
        return .done
    }

    /// Deletes for good: one removal, or all that the trash holds now.
    mutating func emptyTrash(_ id: PathPart?) throws(DFSError) -> Answer {
        try checkWritable()
        if let id {
            guard trash[id] != nil else {
                throw DFSError(.notFound, "nothing in the trash has the id \(quoted(id.text)) any more")
            }
            markPurging(id)
        } else {
            // One change, however much it is; ticks do the work.
            if let last = lastTrashID, !trash.isEmpty, purgedThrough.map({ $0 < last }) ?? true {
                purgedThrough = last
                effects.append(.persist(.purgeThrough(last)))
            }
        }
        return .done
    }

    /// Deletes for good what has been in the trash for its time, and goes on with what is being deleted. Not while the
    /// master is starting: a clock that was wrong is mostly right again by then.
    mutating func purgeTrash(_ count: Int) {
        guard !isStarting else { return }
        findDueRemovals(count)
        var budget = count
        while budget > 0, let id = beingPurged ?? purging.popFirst() {
            beingPurged = id
            guard let record = trash[id] else {
                beingPurged = nil
                continue
            }
            guard purge(record, &budget) else { continue }
            trash[id] = nil
            beingPurged = nil
        }
    }

    /// Whether anything is known to be due, or was found where the search has not come to its end.
    var hasPurges: Bool { !isStarting && (beingPurged != nil || !purging.isEmpty || hasMorePurges) }

    /// Queues what is to be deleted for good, oldest first, by their ids: goes on where the last search stopped, until it comes to
    /// what is to be kept, and then begins anew. Looks at `count` removals at most.
    private mutating func findDueRemovals(_ count: Int) {
        guard purging.count < count else { return }
        let keep = UInt64(policy.trashRetention.components.seconds)
        let found = namespace.children(of: .trash, after: purgeCursor, limit: count)
        purgeCursor = found.count == count ? found.last?.name : nil
        hasMorePurges = false
        // What nothing is found among is left to ticks: idle time is not spent on looking.
        defer { hasMorePurges = hasMorePurges && purgeCursor != nil }
        for child in found {
            let record = trash[child.name]
            let isOver = record.map { passedWallSeconds >= keep && $0.removedAt <= passedWallSeconds - keep } ?? false
            guard let record, isOver || isPurging(record) else {
                // One of a clock that was ahead keeps no others.
                if let record, record.removedAt > wallSeconds { continue }
                purgeCursor = nil
                return
            }
            if isPurging(record) { purging.append(record.id) } else { markPurging(record.id) }
            hasMorePurges = true
        }
    }

    private func isPurging(_ record: TrashRecord) -> Bool {
        record.isPurging || (purgedThrough.map { record.id <= $0 } ?? false)
    }

    private mutating func markPurging(_ id: PathPart) {
        guard let record = trash[id], !isPurging(record) else { return }
        trash[id]?.isPurging = true
        purging.append(id)
        effects.append(.persist(.purge(id)))
    }

    /// - Returns: whether all of it is gone.
    private mutating func purge(_ record: TrashRecord, _ budget: inout Int) -> Bool {
        switch record.node {
        case .file(let id):
            // The store has no record of what it does not have, so both go at once, however long the rest takes.
            if !tombstones.holds(id) { effects.append(.persist(.forgetTrash(record.id))) }
            return purge(id, &budget)
        case .folder(let id):
            guard purge(id, &budget) else { return false }
            effects.append(.persist(.forgetTrash(record.id)))
            return true
        }
    }

    /// Deletes a file, as many chunks of it as are left to do; `true` once it is gone.
    private mutating func purge(_ file: FileID, _ budget: inout Int) -> Bool {
        let count = namespace.facts(file)?.chunkCount ?? 0
        guard count <= budget else {
            discardLast(budget, of: file)
            budget = 0
            return false
        }
        discard(file)
        budget -= max(1, count)
        return true
    }

    /// Deletes files, and folders that have become empty, from the bottom up; `true` once the folder itself is gone.
    private mutating func purge(_ folder: FolderID, _ budget: inout Int) -> Bool {
        var id = folder
        while case .folder(let inner) = namespace.children(of: id, limit: 1).first?.node { id = inner }
        while budget > 0, case .file(let file) = namespace.children(of: id, limit: 1).first?.node {
            guard purge(file, &budget) else { return false }
        }
        for file in namespace.openFiles(in: id) {
            guard budget > 0 else { return false }
            budget -= max(1, namespace.facts(file)?.chunkCount ?? 0)
            abandon(file, reason: "its folder was removed")
        }
        guard budget > 0, namespace.isEmpty(id) else { return false }
        namespace.removeFolder(id)
        effects.append(.persist(.removeFolder(id)))
        budget -= 1
        return id == folder
    }

    /// Sorts by time of removal, and is above all ids before it.
    private mutating func nextTrashID() -> PathPart {
        var (second, number) = (wallSeconds, UInt64(0))
        if let last = lastTrashID, Self.trashID(second, number) <= last {
            let parts = last.text.split(separator: "-").compactMap { UInt64($0, radix: 16) }
            if parts.count == 2 { (second, number) = (parts[0], parts[1] &+ 1) }
        }
        while trash[Self.trashID(second, number)] != nil { number &+= 1 }
        let id = Self.trashID(second, number)
        lastTrashID = id
        return id
    }

    private static func trashID(_ second: UInt64, _ number: UInt64) -> PathPart {
        PathPart(known: hex(second, digits: 10) + "-" + hex(number, digits: 8))
    }
}
