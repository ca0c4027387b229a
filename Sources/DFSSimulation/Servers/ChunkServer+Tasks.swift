import DFSChunkStore
import DFSCore
import DFSMetadata

// The master's orders, and work without orders.
extension ChunkServer {
    func carryOutCopies() {
        while let task = nextCopy() { copy(task) }
    }

    private func nextCopy() -> ReplicationTasks.Task? {
        guard let store else { return nil }
        return store.withCatalog { catalog in
            process.copies.next { chunk in
                if catalog.stored(chunk) != nil { return .ready }
                return catalog.isBeingWritten(chunk) ? .beingWritten : .absent
            }
        }
    }

    private func copy(_ task: ReplicationTasks.Task) {
        let finish = { [self] (isDone: Bool) in
            process.copies.finish(task, succeeded: isDone, now: clock)
            if isDone { simulation.tally.count(.copyMade) }
            carryOutCopies()
        }
        switch read(task.chunk) {
        case .failure(let error):
            simulation.trace.note("\(party) cannot copy \(task.chunk): \(error)")
            simulation.network.at(party, after: .milliseconds(1)) { finish(false) }
        case .success(let content):
            if simulation.canary == .deleteBeforeCopy { putAside(task.chunk, .certain) }
            simulation.upload(
                Upload(
                    chunk: task.chunk, content: content, sender: party, life: simulation.network.life(of: party),
                    isAnnounced: true, chain: [], feed: .whole), to: simulation.server(at: task.target)
            ) { finish((try? $0.get()) != nil) }
        }
    }

    /// A master's order to delete, which may repeat one.
    func accept(_ chunk: ChunkID) {
        let order = DeletionOrder(.certain, givenAt: clock)
        if process.held[chunk] != nil { process.held[chunk] = order } else { process.deletions[chunk] = order }
    }

    /// A session begins: what was ordered in the one before does not stand.
    func forgetOrders() {
        guard let store else { return }
        process.deletions = process.deletions.filter { entry in store.withCatalog { $0.isOpen(entry.key) } }
        process.held = process.held.filter { entry in store.withCatalog { $0.isOpen(entry.key) } }
        process.released.formIntersection(process.deletions.keys)
    }

    /// Through the breaker, into quarantine, and not while the chunk is being written.
    func carryOutDeletions() {
        for (chunk, order) in process.deletions.sorted(by: { $0.key < $1.key }) {
            guard let store, !process.deleting.contains(chunk) else { continue }
            store.neverOpenAgain(chunk)
            let (isWritten, isOpen, isStored, count) = store.withCatalog { catalog in
                (
                    catalog.isBeingWritten(chunk), catalog.isOpen(chunk), catalog.stored(chunk) != nil,
                    catalog.storedCount
                )
            }
            if isWritten { continue }
            process.deletions[chunk] = nil
            let isReleased = process.released.remove(chunk) != nil
            guard isStored || isOpen, !order.isStale(isOpen: isOpen, now: clock) else { continue }
            guard isReleased || process.breaker.request(chunkCount: count, now: clock) == .allowed else {
                process.held[chunk] = order
                simulation.trace.note("\(party) holds the deletion of \(chunk): too many at once")
                continue
            }
            process.deleting.insert(chunk)
            // The disk has other work before.
            simulation.network.at(party, after: simulation.dice.milliseconds(1...50)) { [self] in
                process.deleting.remove(chunk)
                delete(chunk, order)
            }
        }
    }

    private func delete(_ chunk: ChunkID, _ order: DeletionOrder) {
        simulation.watch.willDelete(chunk, on: self, "ordered")
        let outcome = onDisk { store throws(DFSError) in
            try store.deleteOpen(chunk, order.ground)
            return try store.quarantine(chunk, order.ground)
        }
        switch outcome {
        case .success(.busy): process.deletions[chunk] = order
        case .failure where store?.withCatalog({ $0.isOpen(chunk) }) == true:
            // Nobody repeats the order: it is tried again in a second.
            process.deletions[chunk] = order
            process.released.insert(chunk)
        case .success, .failure: break
        }
        simulation.trace.note("\(party) deletes \(chunk): \(outcome)")
        simulation.tally.count(.chunkDeleted)
        noteChange()
    }

    /// In time an operator looks at what the breaker holds, and lets it go.
    func lookAtHeldDeletions() {
        guard !process.held.isEmpty, simulation.dice.chance(simulation.network.isStormy ? 5 : 20) else { return }
        simulation.trace.note("\(party): an operator releases \(process.held.count) deletions")
        process.breaker.release()
        process.deletions.merge(process.held) { waiting, _ in waiting }
        process.released.formUnion(process.held.keys)
        process.held = [:]
    }

    /// Empties the quarantine in time.
    func keepHouse() {
        guard simulation.dice.chance(20) else { return }
        _ = onDisk { store throws(DFSError) in try store.purgeQuarantine() }
        guard
            case .success(let due) = onDisk({ store throws(DFSError) in
                try store.dueDamagedChunks(after: nil, limit: 100)
            }),
            !due.isEmpty
        else { return }
        report([], keptDamaged: due, limit: .seconds(30)) { [self] told in
            guard case .success(let expendable) = told else { return }
            _ = onDisk { store throws(DFSError) in try store.eraseDamaged(expendable.intersection(due)) }
        }
    }
}
