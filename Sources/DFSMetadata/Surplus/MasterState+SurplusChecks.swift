import DFSCore

// The reading of copies that are to stay while others of their chunk go.
extension MasterState {
    private static let surplusChunksPerTick: UInt32 = 5000

    /// Has servers read copies, as many as the bounds allow: one at a time each, within a rate.
    mutating func dispatchSurplusReads() {
        guard surplus.isAwake, !safeMode.isOn else { return }
        surplus.isAwake = false
        for chunk in surplus.active { beginSurplusReads(of: chunk) }
        for _ in 0..<min(surplus.waitingCount, SurplusChecks.maxActive) {
            guard surplus.active.count < SurplusChecks.maxActive, let chunk = surplus.popWaiting() else { return }
            guard chunks.holds(chunk), let plan = surplusPlan(of: chunk) else {
                surplus.forget(chunk)
                continue
            }
            guard canGoOn(plan, of: chunk) else {
                surplus.putBack(chunk)
                continue
            }
            surplus.activate(chunk, now: now)
            beginSurplusReads(of: chunk)
        }
    }

    /// Whether there is a point in reading now: the deletion could be ordered then, and no server has been busy for long.
    private func canGoOn(_ plan: SurplusPlan, of chunk: ChunkHandle) -> Bool {
        plan.victims.contains { server in
            servers[server].stream != nil && servers[server].deletions.count < policy.maxDeletionsPerServer
        }
            && plan.kept.allSatisfy { server in
                isProven(chunk, on: server)
                    || surplus.readBegan(on: server).map { now - $0 < SurplusChecks.patience } ?? true
            }
    }

    private mutating func beginSurplusReads(of chunk: ChunkHandle) {
        guard chunks.holds(chunk), let plan = surplusPlan(of: chunk) else { return surplus.forget(chunk) }
        let id = id(of: chunk)
        for server in plan.kept where !isProven(chunk, on: server) {
            let key = Verification.ReadKey(chunk: id, server: server)
            guard mayReadSurplus(on: server), verification.reading[key] == nil else { continue }
            let bytes = chunks[chunk].digest?.length ?? policy.chunkSize
            surplus.begin(key, of: chunk, now: now)
            surplus.budgets[server, default: ByteBudget()].take(bytes, surplusRate, now: now)
            surplus.budget.take(bytes, repair.limits.bytesPerSecond, now: now)
            effects.append(.readBack(id, at: servers[server].address))
        }
    }

    /// Moves for the sake of balance are few, and come in beyond the limit.
    func surplusRoom(for chunk: ChunkHandle) -> SurplusChecks.Room {
        SurplusChecks.Room(
            limit: policy.maxSurplusChunks + (balance.moves[chunk] == nil ? 0 : policy.maxMoves), slots: chunks.end)
    }

    /// What one server reads a second at most for this purpose.
    private var surplusRate: UInt64 {
        let limit = repair.limits.bytesPerSecondPerSource
        return limit == 0 ? policy.surplusBytesPerSecond : min(limit, policy.surplusBytesPerSecond)
    }

    private func mayReadSurplus(on server: ServerHandle) -> Bool {
        guard surplus.readBegan(on: server) == nil,
            surplus.budgets[server]?.isOpen(surplusRate, now: now) ?? true,
            surplus.budget.isOpen(repair.limits.bytesPerSecond, now: now)
        else { return false }
        // Of these the master reads every byte itself.
        guard servers[server].kind != .swift else { return true }
        return surplus.reading.keys.count { servers[$0.server].kind != .swift } < policy.maxSurplusReadsOfGo
    }

    /// Whether the copy was read lately, since its chunk has one too many, and found to be what it should be.
    func isProven(_ chunk: ChunkHandle, on server: ServerHandle) -> Bool {
        guard let since = surplus.soundSince(chunk, server), isToldOf(chunk, on: server) else { return false }
        return now - since <= policy.surplusProofLife && since >= servers[server].aliveSince
    }

    /// Whether a server that is telling of all that it holds has told of the chunk: it may have been started anew on an empty disk,
    /// faster than it is taken for dead.
    func isToldOf(_ chunk: ChunkHandle, on server: ServerHandle) -> Bool {
        guard case .reporting = servers[server].inventory?.phase else { return true }
        return chunks[chunk].replica(on: server)?.listNumber == servers[server].listNumber
    }

    /// Takes what a read found that was begun here.
    mutating func noteSurplusRead(_ id: ChunkID, _ server: ServerHandle, _ finding: Finding) {
        guard let read = surplus.end(Verification.ReadKey(chunk: id, server: server)), chunks.holds(read.chunk),
            chunk(named: id) == read.chunk, let digest = chunks[read.chunk].digest, surplus.holds(read.chunk),
            chunks[read.chunk].replica(on: server)?.state == .complete
        else { return }
        if finding == .read(digest) {
            surplus.noteSound(read.chunk, server, since: read.begunAt)
            review(read.chunk)
            return
        }
        // One of ours puts a damaged copy aside by itself. Of a Go server's copy no single read is believed.
        if servers[server].kind != .swift, case .read = finding {
            verification.want(ProbeKey(chunk: read.chunk, server: server), isUrgent: true, now: now)
        }
        if surplus.noteFailure(read.chunk, now: now) == SurplusChecks.toldFailures {
            effects.append(.log(.surplusKept(id, unread: servers[server].address)))
        }
    }

    /// Once a second: goes on with what has rested, and looks for chunks that there was no room for.
    mutating func reviewSurplus() {
        surplus.wake(now: now)
        guard surplus.scan.left > 0, surplus.count <= policy.maxSurplusChunks / 2, chunks.end > 0 else { return }
        for _ in 0..<min(surplus.scan.left, Self.surplusChunksPerTick) {
            guard surplus.scan.left > 0 else { return }
            let chunk = ChunkHandle(rawValue: surplus.scan.next % chunks.end)
            surplus.scan.left -= 1
            if chunks.holds(chunk), chunks[chunk].health == .over { review(chunk) }
            surplus.scan.next = chunk.rawValue + 1
            if surplus.count >= policy.maxSurplusChunks { return }
        }
    }
}
