import DFSCore

/// How far the master has come in reading the copies on Go servers again, since those do not do it themselves.
struct Rereading: Sendable {
    /// The chunk that is looked at next, and how many are left in this cycle; `nil` between two cycles.
    var place: (next: UInt32, left: UInt32)?
    /// When the next cycle may begin.
    var dueAt: MonotonicInstant?
    var budget = ByteBudget()
}

extension MasterState {
    /// Chunks that a tick looks at, whether or not a Go server holds them.
    private static let chunksPerTick = 1000

    /// Queues reads of complete copies on Go servers, as many as the rate allows, behind all other reads.
    mutating func rereadCopies() {
        guard policy.rereadBytesPerSecond > 0, !isStarting, chunks.end > 0 else { return }
        if rereading.place == nil, rereading.dueAt ?? now <= now {
            rereading.dueAt = now + policy.rereadCycle
            // Anywhere, so that masters that are restarted often come to all chunks, too.
            rereading.place = (UInt32(wallSeconds % UInt64(chunks.end)), chunks.end)
        }
        for _ in 0..<Self.chunksPerTick {
            guard rereading.budget.isOpen(policy.rereadBytesPerSecond, now: now), let place = rereading.place else {
                return
            }
            let chunk = ChunkHandle(rawValue: place.next % chunks.end)
            rereading.place = place.left > 1 ? (chunk.rawValue + 1, place.left - 1) : nil
            if chunks.holds(chunk) { reread(chunk) }
        }
    }

    private mutating func reread(_ chunk: ChunkHandle) {
        guard let digest = chunks[chunk].digest, namespace.facts(chunks[chunk].file)?.isSealed == true else { return }
        for replica in chunks[chunk].replicas
        where replica.state == .complete && servers[replica.server].kind == .go && servers[replica.server].isAlive
            && !servers[replica.server].isMute
        {
            verification.want(ProbeKey(chunk: chunk, server: replica.server), isUrgent: false, now: now)
            rereading.budget.take(digest.length, policy.rereadBytesPerSecond, now: now)
        }
    }
}
