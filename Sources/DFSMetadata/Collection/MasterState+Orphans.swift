import DFSCore

// Orphans: chunks on servers that no file has and nobody condemned.
extension MasterState {
    private static let orphanReviewInterval = Duration.seconds(60)
    private static let maxForgottenPerTick = 1000

    /// The chunks of a server's list that nobody knows, gathered while it is gone through.
    struct OrphanCount {
        var known: [ChunkID: MonotonicInstant] = [:]
        var count = 0
    }

    func noteOrphan(_ chunk: ChunkID, on server: ServerHandle, in orphans: inout OrphanCount) {
        orphans.count += 1
        guard orphans.known.count < Server.maxOrphansKnown else { return }
        orphans.known[chunk] = servers[server].orphans[chunk] ?? now
    }

    /// Takes what the newest list of the server has of them.
    mutating func setOrphans(_ orphans: OrphanCount, on server: ServerHandle) {
        if orphans.count != servers[server].orphanCount {
            let example = orphans.known.keys.min()
            effects.append(.log(.orphans(servers[server].address, count: orphans.count, example: example)))
        }
        servers[server].orphans = orphans.known
        servers[server].orphanCount = orphans.count
        if orphans.known.isEmpty {
            servers[server].orphansDueAt = nil
        } else if servers[server].orphansDueAt == nil {
            servers[server].orphansDueAt = now + policy.orphanRetention
        }
    }

    /// Deletes orphans that were kept for their time, where they are surely of this cluster's past: all others stay, since the
    /// master may be the one that forgot. The servers still keep them in quarantine for a while.
    mutating func collectOrphans() {
        guard !isStarting else { return }
        for server in servers.all.map(\.handle) {
            guard let due = servers[server].orphansDueAt, due <= now, servers[server].isAlive else { continue }
            servers[server].orphansDueAt = now + Self.orphanReviewInterval
            for (chunk, since) in servers[server].orphans.sorted(by: { $0.key < $1.key })
            where now - since >= policy.orphanRetention && isOwn(chunk) {
                requestDeletion(of: chunk, on: server)
            }
        }
    }

    private func isOwn(_ chunk: ChunkID) -> Bool {
        guard let file = FileID(in: chunk) else { return false }
        return periods.cover(file) && !namespace.holds(file)
    }

    /// Forgets what has been gone for so long that it hardly turns up any more.
    mutating func forgetTombstones() {
        let keep = UInt64(policy.tombstoneRetention.components.seconds)
        guard !isStarting, passedWallSeconds > keep else { return }
        for _ in 0..<Self.maxForgottenPerTick {
            guard let file = tombstones.popFirst(until: passedWallSeconds - keep) else { return }
            effects.append(.persist(.forgetTombstone(file)))
        }
    }
}
