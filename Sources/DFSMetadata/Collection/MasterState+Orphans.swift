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

    /// Whether this store gave the id out and has forgotten it. It forgets nothing but tombstones, after their time or where there
    /// are too many: what is younger than that time and unknown may be of another cluster, or of a master that used the same store
    /// elsewhere.
    private func isOwn(_ chunk: ChunkID) -> Bool {
        guard let file = FileID(in: chunk) else { return false }
        let keep = UInt64(policy.tombstoneRetention.components.seconds)
        guard passedWallSeconds > keep, file.second < passedWallSeconds - keep else { return false }
        return periods.cover(file) && !namespace.holds(file)
    }

    /// Forgets what has been gone for so long that it hardly turns up any more, and the oldest of what is too much.
    mutating func forgetTombstones() {
        guard !isStarting else { return }
        let keep = UInt64(policy.tombstoneRetention.components.seconds)
        for _ in 0..<Self.maxForgottenPerTick {
            guard let oldest = tombstones.first else { return }
            if tombstones.count > policy.maxTombstones
                || passedWallSeconds > keep && oldest.abandonedAt <= passedWallSeconds - keep
            {
                forgetOldestTombstone()
            } else if oldest.abandonedAt > wallSeconds {
                // One of a clock that was ahead keeps no others.
                tombstones.postponeFirst()
            } else {
                return
            }
        }
    }

    /// What is left of its chunks are orphans from now on.
    mutating func forgetOldestTombstone() {
        guard let oldest = tombstones.first else { return }
        tombstones.removeFirst()
        effects.append(.persist(.forgetTombstone(oldest.file)))
    }
}
