import DFSCore

// Deleting copies that are too many, or bad: only what the others make up for.
extension MasterState {
    /// Deletes bad copies, and surplus ones where enough complete ones remain: first the one that a move was to take the
    /// place of, then on racks that hold another one, then on the server that came back last, then where space is least.
    /// Copies on servers that are not in the normal state neither count nor go.
    mutating func trim(_ chunk: ChunkHandle, surplus: Int) {
        guard !safeMode.isOn, namespace.facts(chunks[chunk].file)?.isSealed == true else { return }
        let bad = chunks[chunk].replicas.filter { $0.state == .bad && servers[$0.server].isAlive }.map(\.server)
        let victims = surplus > 0 ? dispensable(surplus, of: chunk) : []
        for server in victims + (isWhole(chunk) ? bad : []) {
            update(chunk, on: server) { replica in
                replica.isDeletedAsBad = replica.state == .bad
                replica.state = .deleting
            }
            requestDeletion(of: id(of: chunk), on: server)
        }
    }

    /// The servers of the copies whose loss hurts least.
    private func dispensable(_ count: Int, of chunk: ChunkHandle) -> [ServerHandle] {
        var kept = chunks[chunk].replicas
            .filter { $0.state == .complete && !$0.isMissing }
            .map { servers[$0.server] }
            .filter { $0.isAlive && $0.adminState == .normal }
            .sorted { ($1.aliveSince, $0.availableBytes) < ($0.aliveSince, $1.availableBytes) }
        var victims: [ServerHandle] = []
        if count > 0, let move = balance.moves[chunk],
            let moved = kept.firstIndex(where: { $0.handle == move.source }),
            kept.contains(where: { $0.handle == move.target })
        {
            victims.append(kept.remove(at: moved).handle)
        }
        while victims.count < count, !kept.isEmpty {
            let crowded = kept.firstIndex { one in kept.count { $0.location.rack == one.location.rack } > 1 }
            victims.append(kept.remove(at: crowded ?? 0).handle)
        }
        return victims
    }

    /// Whether a copy that was to be deleted and is still there should go, after all that may have happened since: otherwise it
    /// is again what it was.
    mutating func confirmDeletion(of chunk: ChunkHandle, on server: ServerHandle) -> Bool {
        let since = servers[server].deletions[id(of: chunk)]
        let isOnItsWay = since.map { now - $0 <= policy.deletionTimeout } ?? false
        if isOnItsWay || isWhole(chunk) { return true }
        update(chunk, on: server) { $0.state = $0.isDeletedAsBad ? .bad : .complete }
        review(chunk)
        return false
    }

    func isWhole(_ chunk: ChunkHandle) -> Bool {
        guard let file = namespace.facts(chunks[chunk].file) else { return false }
        return countCopies(of: chunk).sure >= file.replication
    }
}
