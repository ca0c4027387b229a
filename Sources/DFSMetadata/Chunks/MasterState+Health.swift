import DFSCore

// How chunks stand: counted anew whenever one of their replicas changes, so that nobody has to go through all of them.
extension MasterState {
    func countCopies(of chunk: ChunkHandle) -> CopyCount {
        var count = CopyCount()
        for replica in chunks[chunk].replicas {
            let (isAlive, state) = (servers[replica.server].isAlive, servers[replica.server].adminState)
            switch replica.state {
            case .complete:
                if state == .maintenance { count.away += 1 }
                guard isAlive else { continue }
                count.readable += 1
                if !replica.isMissing, !isUnlisted(replica, of: chunk) { count.live += 1 }
                if state == .maintenance { count.maintained += 1 }
                guard state == .normal, !isBeingDeletedAsStale(chunk, on: replica.server) else { continue }
                count.counted += 1
                if isSure(replica, of: chunk) { count.sure += 1 }
            case .listed:
                guard isAlive, state == .normal, !replica.isUnreadable, !servers[replica.server].isMute else {
                    continue
                }
                if !repair.isCopying(chunk, to: replica.server) { count.hoped += 1 }
            case .bad: if isAlive { count.bad += 1 }
            case .assigned, .deleting: break
            }
        }
        return count
    }

    /// Whether the copy is complete, on a live server that is to keep it and has a heartbeat stream, and in that server's newest
    /// list. One without a stream may have been started anew under another address, where it counts already.
    func isSure(_ replica: Replica, of chunk: ChunkHandle) -> Bool {
        replica.state == .complete && !replica.isMissing && servers[replica.server].isAlive
            && servers[replica.server].stream != nil && servers[replica.server].adminState == .normal
            && !isBeingDeletedAsStale(chunk, on: replica.server) && !isUnlisted(replica, of: chunk)
    }

    /// Whether the server's newest full report lacks the copy, which has only not been noted of this one yet.
    private func isUnlisted(_ replica: Replica, of chunk: ChunkHandle) -> Bool {
        servers[replica.server].lacksListed && replica.listNumber != servers[replica.server].listNumber
            && servers[replica.server].inventory?.unconfirmed[chunk] == nil
    }

    /// Whether the server was told to delete what it had of the chunk while that was open: the order may meet the copy that has
    /// taken its place.
    func isBeingDeletedAsStale(_ chunk: ChunkHandle, on server: ServerHandle) -> Bool {
        !staleOrders.isEmpty && staleOrders[ProbeKey(chunk: chunk, server: server)] != nil
    }

    /// How many copies a chunk is to have on servers that are not in maintenance, of `factor` in all.
    ///
    /// Of a server in maintenance that has not been heard of since the start nobody knows what it holds: it is taken to hold
    /// each chunk that was there before the start. That costs no chunk its last copies.
    func wantedCopies(of chunk: ChunkHandle, _ factor: Int, away: Int) -> Int {
        let presumed = chunks[chunk].isRecovered ? withdrawn.unheardInMaintenance : 0
        guard away + presumed > 0 else { return factor }
        return max(min(policy.leastCopiesInMaintenance, factor), factor - away - presumed)
    }

    /// Counts the chunk anew; to be called when its copies, or the lives of their servers, have changed.
    mutating func noteHealth(of chunk: ChunkHandle) {
        let count = countCopies(of: chunk)
        let health = health(of: chunk, count)
        noteHealth(of: chunk, as: health)
        if chunks[chunk].isDamaged, count.bad == 0, health == .whole || health == .over {
            chunks[chunk].isDamaged = false
            healths.damaged -= 1
        }
    }

    mutating func noteHealth(of chunk: ChunkHandle, as health: ChunkHealth) {
        guard health != chunks[chunk].health else { return }
        healths.add(-1, chunks[chunk].health)
        healths.add(1, health)
        chunks[chunk].health = health
    }

    func health(of chunk: ChunkHandle, _ count: CopyCount) -> ChunkHealth {
        guard let file = namespace.facts(chunks[chunk].file), file.isSealed else { return .uncounted }
        if count.readable == 0 { return .missing }
        if count.counted + count.maintained < file.replication { return .under }
        return count.counted > file.replication ? .over : .whole
    }

    /// A copy was found damaged.
    mutating func noteDamage(of chunk: ChunkHandle) {
        guard !chunks[chunk].isDamaged else { return }
        chunks[chunk].isDamaged = true
        healths.damaged += 1
    }

    /// The chunk is gone.
    mutating func forgetHealth(of chunk: ChunkHandle) {
        healths.add(-1, chunks[chunk].health)
        if chunks[chunk].isDamaged { healths.damaged -= 1 }
    }
}
