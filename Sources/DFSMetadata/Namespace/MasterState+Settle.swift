import DFSCore

// Go uploads whose writer is done: sealed when every chunk is proven, abandoned when one can never be.
extension MasterState {
    /// The writer's connection closed, or it asked for its file.
    mutating func settle(_ file: FileID) {
        namespace.setPhase(.settling(since: now), of: file)
        reviewSettling(file)
        guard let entry = namespace.file(file), !entry.isSealed else { return }
        for chunk in entry.chunks.compactMap({ $0 }) where chunks[chunk].digest == nil { readAll(of: chunk) }
    }

    mutating func reviewSettlingFiles() {
        for file in namespace.settling { reviewSettling(file) }
    }

    /// Seals or abandons a settling file, where that can be said.
    mutating func reviewSettling(_ file: FileID) {
        guard let entry = namespace.file(file), case .settling(let since) = entry.phase else { return }
        if entry.isProven {
            seal(file)
            return
        }
        for (index, chunk) in entry.chunks.enumerated() {
            guard let chunk else {
                abandon(file, reason: "chunk \(index) was never allocated")
                return
            }
            guard chunks[chunk].digest == nil else { continue }
            if index == entry.chunks.count - 1, let (digest, server) = agreed(chunk) {
                // The last proof: this comes back here and seals.
                accept(chunk, digest, on: server)
                return
            }
            guard isHopeless(chunk, of: entry, for: now - since) else { continue }
            abandon(file, reason: "chunk \(index) reached no server whole")
            return
        }
    }

    /// Whether every server that could hold the chunk is known not to, after waiting for `time`.
    private func isHopeless(_ chunk: ChunkHandle, of entry: FileEntry, for time: Duration) -> Bool {
        let hasLostPatience = time > policy.settlingPatience
        return chunks[chunk].replicas.allSatisfy { replica in
            let server = servers[replica.server]
            if isGivenUp(server) { return true }
            // One that is away may hold the only copy of what was acknowledged: it is waited for, however long. A client may also
            // have reached one that was away from here all the time, but one of ours acknowledges nothing without our word.
            guard server.isAlive else { return server.kind == .swift && !replica.wasReachable && hasLostPatience }
            switch server.kind {
            case .swift where replica.state == .assigned:
                guard hasNothing(replica) else { return false }
                // A server of ours has the master's word before it acknowledges what a Go client sends, so
                // nothing is on its way, unless the server was not heard of lately, or the master has just begun.
                return hasLostPatience || (!entry.isRecovered && now - server.lastHeard <= policy.absenceInterval)
            case .swift, .go:
                // Having nothing is believed when it is said twice, too few bytes in mid-file only when the time is up.
                let finding = verification.settledFinding(
                    ProbeKey(chunk: chunk, server: replica.server), now, policy.rereadInterval)
                switch finding {
                case .absent: return true
                case .read: return hasLostPatience && chunks[chunk].index < entry.chunks.count - 1
                case .unreachable, nil: return false
                }
            case .unknown: return false
            }
        }
    }

    /// Whether the server is gone, and an operator has taken it out of service: nobody else can tell that it is gone for good. A
    /// master that has just started may only not have heard of it yet, and one that was told while the server was there may only see it
    /// restarted in the middle: the order counts where it came, or came again, when the server was silent for long.
    func isGivenUp(_ server: Server) -> Bool {
        guard !server.isAlive, !isStarting, let orderedAt = server.stateOrderedAt,
            orderedAt - server.lastHeard > policy.liveThreshold
        else { return false }
        return server.adminState == .decommissioning || server.adminState == .decommissioned
    }

    /// Whether one of ours has told of no such chunk: it lists whole chunks and what it has adopted, and reports what it writes.
    /// One without a stream may have been restarted and have taken the chunk before it could tell; so may one whose first report
    /// is not whole.
    func hasNothing(_ replica: Replica) -> Bool {
        let server = servers[replica.server]
        guard server.kind == .swift, server.isAlive, server.stream != nil, replica.state == .assigned else {
            return false
        }
        if case .reporting = server.inventory?.phase { return false }
        return true
    }
}
