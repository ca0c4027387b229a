import DFSCore

// One move: a copy, its proof, and only then the end of the copy whose place it takes (see `trim`).
extension MasterState {
    /// Where the chunk could be moved from and to; `nil` where that would not help, or something is the matter with it: too
    /// few or too many copies, one that is not proven or not listed, one on a server that is away or out of service.
    mutating func plan(for chunk: ChunkHandle, _ use: ClusterUse) -> Balance.Move? {
        guard chunks.holds(chunk), let digest = chunks[chunk].digest, digest.length > 0,
            chunks[chunk].health == .whole,
            chunks[chunk].replicas.contains(where: { !use.receivers(of: $0.server).isEmpty }),
            repair.copies(of: chunk).isEmpty, balance.moves[chunk] == nil, seals[chunk] == nil,
            staleReplicas[chunk] == nil
        else { return nil }
        let count = countCopies(of: chunk)
        let holders = chunks[chunk].replicas.map(\.server)
        guard count.sure == holders.count else { return nil }
        let id = id(of: chunk)
        // From the fullest server that one can be found for, to the emptiest.
        for source in holders.sorted(by: { (use.share($1), $0) < (use.share($0), $1) })
        where canGive(source) {
            for target in use.receivers(of: source) {
                balance.pairs += 1
                guard use.helps(digest.length, from: source, to: target), !holders.contains(target),
                    canTake(target, id, digest.length), keepsDomains(holders, source, target)
                else { continue }
                return Balance.Move(source: source, target: target, bytes: digest.length)
            }
        }
        return nil
    }

    private func canGive(_ server: ServerHandle) -> Bool {
        canSend(servers[server]) && mayGive(server)
    }

    /// A server that is told to delete very many of its chunks takes that for a fault (its deletion breaker), so it is asked for
    /// half as many at most.
    func mayGive(_ server: ServerHandle) -> Bool {
        guard let given = balance.given[server], now - given.since <= policy.givingInterval else { return true }
        return given.count < max(50, servers[server].chunks.count * 15 / 100)
    }

    private func canTake(_ server: ServerHandle, _ id: ChunkID, _ bytes: UInt64) -> Bool {
        servers[server].availableBytes >= max(bytes, policy.chunkSize) && servers[server].deletions[id] == nil
            && servers[server].incomingCopies < repair.limits.copiesPerTarget
    }

    /// Whether the copies are spread over as many racks and hosts as before.
    private func keepsDomains(_ holders: [ServerHandle], _ source: ServerHandle, _ target: ServerHandle) -> Bool {
        let before = holders.map { servers[$0].location }
        let after = holders.filter { $0 != source }.map { servers[$0].location } + [servers[target].location]
        return Set(after.map(\.rack)).count >= Set(before.map(\.rack)).count && Set(after).count >= Set(before).count
    }

    mutating func begin(_ move: Balance.Move, of chunk: ChunkHandle) {
        guard let stream = servers[move.source].stream else { return }
        orderCopy(of: chunk, from: move.source, to: move.target, over: stream)
        balance.moves[chunk] = move
        balance.credit -= Int64(clamping: move.bytes)
        var given = balance.given[move.source] ?? Balance.Given(since: now)
        if now - given.since > policy.givingInterval { given = Balance.Given(since: now) }
        given.count += 1
        balance.given[move.source] = given
    }

    /// Finds moves that are over: the copy is there and the other one on its way out, or it will not come.
    mutating func settleMoves() {
        for (chunk, move) in balance.moves.sorted(by: { $0.key < $1.key }) {
            let target = chunks[chunk].replica(on: move.target)
            if target?.state == .complete {
                balance.moves[chunk]?.hasArrived = true
                // The source's copy goes when the others were read, which may take its time, though not for ever.
                if surplus.holds(chunk), !surplus.isStuck(chunk) { continue }
                balance.moves[chunk] = nil
                let source = chunks[chunk].replica(on: move.source)
                if source == nil || source?.state == .deleting {
                    balance.movedChunks += 1
                    balance.movedBytes += move.bytes
                    balance.fruitless = 0
                } else {
                    // Another copy was lost meanwhile: this one has taken its place.
                    balance.failedMoves += 1
                }
            } else if !repair.isCopying(chunk, to: move.target),
                target?.state != .listed || !servers[move.target].isAlive
            {
                balance.moves[chunk] = nil
                balance.failedMoves += 1
            }
        }
    }
}
