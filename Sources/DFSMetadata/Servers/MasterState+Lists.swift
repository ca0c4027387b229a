import DFSCore

// What a server's list of chunks says, as a difference to its previous list.
extension MasterState {
    /// Takes the free space and the list. Costs one look-up a listed chunk, and nothing for all other chunks.
    mutating func take(_ report: ServerReport, from server: ServerHandle) {
        servers[server].freeBytes = report.freeBytes
        servers[server].reservedBytes = 0
        servers[server].listNumber &+= 1
        let wasAway = servers[server].aliveSince == now
        let number = servers[server].listNumber
        var seen = 0
        var deletionsSeen: [ChunkID: MonotonicInstant] = [:]
        var doomed: [ChunkID] = []
        for id in report.chunks {
            if let since = servers[server].deletions[id] { deletionsSeen[id] = since }
            if let chunk = chunks.handle(of: id) {
                guard noteListed(chunk, on: server, number) else { continue }
                seen += 1
                if chunks[chunk].replica(on: server)?.state == .deleting { doomed.append(id) }
            } else if tombstones.condemn(id) {
                doomed.append(id)
            }
        }
        // A deletion that no list shows any more is done.
        servers[server].deletions = deletionsSeen
        for id in doomed { requestDeletion(of: id, on: server) }
        if seen < servers[server].chunks.count - servers[server].assignedCount { noteMissing(on: server, number) }
        if wasAway {
            for chunk in servers[server].chunks.sorted() {
                considerReading(chunk, on: server)
                review(chunk)
            }
        }
    }

    /// Marks the chunk as listed; `false` where this list named it before.
    private mutating func noteListed(_ chunk: ChunkHandle, on server: ServerHandle, _ number: UInt32) -> Bool {
        guard let at = chunks[chunk].position(of: server) else {
            addReplica(Replica(server: server, state: .listed, listNumber: number), to: chunk)
            considerReading(chunk, on: server)
            review(chunk)
            return true
        }
        guard chunks[chunk].replicas[at].listNumber != number else { return false }
        chunks[chunk].replicas[at].listNumber = number
        chunks[chunk].replicas[at].missingSince = nil
        if chunks[chunk].replicas[at].state == .assigned {
            update(chunk, on: server) { $0.state = .listed }
            considerReading(chunk, on: server)
        }
        return true
    }

    /// Absence counts after two lists that are far enough apart, since Go servers lose an id for some seconds.
    private mutating func noteMissing(on server: ServerHandle, _ number: UInt32) {
        let missing = servers[server].chunks.filter { chunks[$0].replica(on: server)?.listNumber != number }
        for chunk in missing.sorted() {
            guard let replica = chunks[chunk].replica(on: server) else { continue }
            switch replica.state {
            case .assigned: continue
            case .deleting: removeReplica(of: chunk, on: server)
            case .listed, .complete, .bad:
                guard let since = replica.missingSince else {
                    update(chunk, on: server) { [now] in $0.missingSince = now }
                    continue
                }
                guard now - since > policy.absenceInterval else { continue }
                effects.append(.log(.replicaLost(chunks[chunk].id, servers[server].address)))
                removeReplica(of: chunk, on: server)
                review(chunk)
            }
        }
    }

    // The two sides of a replica record, the chunk's and the server's, change together.

    mutating func addReplica(_ replica: Replica, to chunk: ChunkHandle) {
        chunks[chunk].replicas.append(replica)
        servers[replica.server].chunks.insert(chunk)
        if replica.state == .assigned { servers[replica.server].assignedCount += 1 }
    }

    mutating func removeReplica(of chunk: ChunkHandle, on server: ServerHandle) {
        guard let at = chunks[chunk].position(of: server) else { return }
        let replica = chunks[chunk].replicas.remove(at: at)
        servers[server].chunks.remove(chunk)
        if replica.state == .assigned { servers[server].assignedCount -= 1 }
        verification.forget(ProbeKey(chunk: chunk, server: server))
    }

    mutating func update(_ chunk: ChunkHandle, on server: ServerHandle, _ change: (inout Replica) -> Void) {
        guard let at = chunks[chunk].position(of: server) else { return }
        let wasAssigned = chunks[chunk].replicas[at].state == .assigned
        change(&chunks[chunk].replicas[at])
        let isAssigned = chunks[chunk].replicas[at].state == .assigned
        if wasAssigned != isAssigned { servers[server].assignedCount += isAssigned ? 1 : -1 }
    }
}
