import DFSCore

// What a server's list of chunks says, as a difference to its previous list.
extension MasterState {
    /// To be called when the server has told of its free room and of what it holds.
    mutating func noteRoom(of server: ServerHandle) {
        let (room, overflow) = servers[server].freeBytes.addingReportingOverflow(servers[server].usedBytes)
        servers[server].roomBytes = overflow ? .max : room
    }

    /// Takes the free space and the list. A list that says nothing new costs one hash a listed chunk, any other one look-up
    /// a listed chunk; chunks of other servers cost nothing.
    mutating func take(_ report: ServerReport, from server: ServerHandle) {
        servers[server].freeBytes = report.freeBytes
        // What the list brings has taken its room already.
        defer { noteRoom(of: server) }
        servers[server].reservedBytes = 0
        servers[server].inventory = nil
        servers[server].lacksListed = false
        reports.lists += 1
        let fingerprint = ListFingerprint(report.chunks)
        if servers[server].settledList == fingerprint { return }
        servers[server].listNumber &+= 1
        let wasAway = servers[server].isReturning
        servers[server].isReturning = false
        if wasAway, servers[server].adminState != .normal { recountWithdrawn() }
        let number = servers[server].listNumber
        var seen = 0
        var deletionsSeen: [ChunkID: MonotonicInstant] = [:]
        var doomed: [ChunkID] = []
        var areOthersRead = true
        var orphans = OrphanCount()
        for id in report.chunks {
            if let since = servers[server].deletions[id] { deletionsSeen[id] = since }
            if let chunk = chunk(named: id) {
                guard noteListed(chunk, on: server, number) else { continue }
                seen += 1
                guard chunks[chunk].replica(on: server)?.state == .deleting else { continue }
                switch confirmDeletion(of: chunk, on: server) {
                case .order: doomed.append(id)
                case .wait: areOthersRead = false
                case .keep: deletionsSeen[id] = nil
                }
            } else if tombstones.condemn(id) {
                doomed.append(id)
            } else if FileID(in: id).flatMap({ appends[$0]?.chunk?.id }) != id {
                noteOrphan(id, on: server, in: &orphans)
            }
        }
        setOrphans(orphans, on: server)
        // A deletion that no list shows any more is done.
        servers[server].deletions = deletionsSeen
        for id in doomed { requestDeletion(of: id, on: server) }
        let isComplete = seen == servers[server].chunks.count - servers[server].assignedCount
        servers[server].settledList = isComplete && doomed.isEmpty && areOthersRead && !wasAway ? fingerprint : nil
        if !isComplete { noteMissing(on: server, number) }
        if wasAway {
            lookAtChunks(of: server, because: .returned)
            // What it was taken to hold is known now.
            if servers[server].adminState == .maintenance { reviewRecovered() }
        }
    }

    /// Marks the chunk as listed; `false` where this list named it before.
    mutating func noteListed(_ chunk: ChunkHandle, on server: ServerHandle, _ number: UInt32) -> Bool {
        guard let at = chunks[chunk].position(of: server) else {
            addReplica(Replica(server: server, state: .listed, listNumber: number), to: chunk)
            considerReading(chunk, on: server)
            review(chunk)
            return true
        }
        guard chunks[chunk].replicas[at].listNumber != number else { return false }
        chunks[chunk].replicas[at].listNumber = number
        servers[server].inventory?.unconfirmed[chunk] = nil
        let wasMissing = chunks[chunk].replicas[at].isMissing
        if wasMissing { setMissing(chunk, on: server, since: nil) }
        if chunks[chunk].replicas[at].state == .assigned {
            update(chunk, on: server) { $0.state = .listed }
            considerReading(chunk, on: server)
        }
        // It may be one copy too many.
        if wasMissing { review(chunk) }
        return true
    }

    /// Absence counts after two lists that are far enough apart, since Go servers lose an id for some seconds. Both have to
    /// come over one connection: a Go server that was started anew has read its folder after its first list only, which may be
    /// empty, and one that is started twice gives two such lists.
    private mutating func noteMissing(on server: ServerHandle, _ number: UInt32) {
        let missing = servers[server].chunks.filter { chunks[$0].replica(on: server)?.listNumber != number }
        for chunk in missing.sorted() {
            guard let replica = chunks[chunk].replica(on: server) else { continue }
            switch replica.state {
            case .assigned: continue
            case .deleting: removeReplica(of: chunk, on: server)
            case .listed, .complete, .bad:
                guard let since = servers[server].missingSince[chunk], since >= servers[server].connectedAt else {
                    setMissing(chunk, on: server, since: now)
                    continue
                }
                guard now - since > policy.absenceInterval else { continue }
                effects.append(.log(.replicaLost(id(of: chunk), servers[server].address)))
                removeReplica(of: chunk, on: server)
                review(chunk)
            }
        }
    }

    // The two sides of a replica record, the chunk's and the server's, change together.

    mutating func addReplica(_ replica: Replica, to chunk: ChunkHandle) {
        var replica = replica
        if let number = takeStranger(chunk, on: replica.server) { replica.listNumber = number }
        chunks[chunk].replicas.append(replica)
        servers[replica.server].chunks.insert(chunk)
        servers[replica.server].settledList = nil
        servers[replica.server].additionCount &+= 1
        if replica.state.occupies { servers[replica.server].usedBytes += length(of: chunk) }
        if replica.state == .assigned { servers[replica.server].assignedCount += 1 } else { noteHeard(chunk) }
    }

    /// - Parameter id: of the chunk, where its file is gone already.
    mutating func removeReplica(of chunk: ChunkHandle, on server: ServerHandle, named id: ChunkID? = nil) {
        guard let at = chunks[chunk].position(of: server) else { return }
        let replica = chunks[chunk].replicas.remove(at: at)
        servers[server].chunks.remove(chunk)
        servers[server].missingSince[chunk] = nil
        servers[server].inventory?.unconfirmed[chunk] = nil
        servers[server].settledList = nil
        if replica.state == .assigned { servers[server].assignedCount -= 1 }
        if servers[server].inventory != nil, replica.listNumber == servers[server].listNumber {
            leaveStranger(id ?? self.id(of: chunk), on: server)
        }
        if replica.state.occupies { servers[server].usedBytes -= length(of: chunk) }
        surplus.forgetSound(chunk, server)
        surplus.forgetOrder(ProbeKey(chunk: chunk, server: server))
        verification.forget(ProbeKey(chunk: chunk, server: server))
        noteRestored(chunk, of: server)
    }

    /// Notes since when the server's lists lack the chunk; `nil` where they hold it.
    mutating func setMissing(_ chunk: ChunkHandle, on server: ServerHandle, since: MonotonicInstant?) {
        servers[server].missingSince[chunk] = since
        update(chunk, on: server) { $0.isMissing = since != nil }
    }

    mutating func update(_ chunk: ChunkHandle, on server: ServerHandle, _ change: (inout Replica) -> Void) {
        guard let at = chunks[chunk].position(of: server) else { return }
        servers[server].settledList = nil
        let before = chunks[chunk].replicas[at].state
        change(&chunks[chunk].replicas[at])
        let after = chunks[chunk].replicas[at].state
        let (wasAssigned, isAssigned) = (before == .assigned, after == .assigned)
        if !isAssigned { noteHeard(chunk) }
        if after != .complete || chunks[chunk].replicas[at].isMissing { surplus.forgetSound(chunk, server) }
        if after != .deleting { surplus.forgetOrder(ProbeKey(chunk: chunk, server: server)) }
        if after != .listed { chunks[chunk].replicas[at].isUnreadable = false }
        if wasAssigned != isAssigned { servers[server].assignedCount += isAssigned ? 1 : -1 }
        guard before.occupies != after.occupies else { return }
        if after.occupies {
            servers[server].usedBytes += length(of: chunk)
        } else {
            servers[server].usedBytes -= length(of: chunk)
        }
    }

    /// As far as it is known.
    private func length(of chunk: ChunkHandle) -> UInt64 { chunks[chunk].digest?.length ?? 0 }

    /// The chunk's length is known from now on.
    mutating func countLength(of chunk: ChunkHandle) {
        for replica in chunks[chunk].replicas where replica.state.occupies {
            servers[replica.server].usedBytes += length(of: chunk)
        }
    }
}
