import DFSCore

// Bringing every chunk to its number of copies: copy first, delete only what is surely too much.
extension MasterState {
    /// What a chunk lacks or has too much of.
    struct CopyNeed {
        /// Complete copies on live servers whose newest lists hold them.
        var live = 0
        /// Copies to be ordered now.
        var missing = 0
        /// Copies that may be deleted.
        var surplus = 0
        /// Whether fewer complete copies than wanted are on live servers.
        var isShort = false
    }

    /// Looks whether the chunk has the right number of copies and queues it otherwise. To be called whenever one of its
    /// replicas, or the life of a server that holds one, changed.
    mutating func review(_ chunk: ChunkHandle) {
        defer { noteHealth(of: chunk) }
        keepWhatIsNeeded(of: chunk)
        guard let need = need(of: chunk) else {
            surplus.forget(chunk)
            return repair.waiting.remove(chunk)
        }
        if need.missing > 0 {
            repair.waiting.put(chunk, risk(of: chunk, need), in: .ready)
        } else {
            repair.waiting.remove(chunk)
        }
        noteLoss(of: chunk, isShort: need.isShort)
        if need.surplus > 0 || need.missing == 0 {
            trim(chunk, surplus: need.surplus)
        } else {
            surplus.forget(chunk)
        }
    }

    private func risk(of chunk: ChunkHandle, _ need: CopyNeed) -> Risk {
        Risk(liveCopies: need.live, isRead: reads.contains(chunks[chunk].file))
    }

    /// `nil` while the chunk is its writer's affair.
    private func need(of chunk: ChunkHandle) -> CopyNeed? {
        guard let file = namespace.facts(chunks[chunk].file) else { return nil }
        // A Go client writes one copy and leaves the others to us as soon as the chunk is whole.
        guard file.isSealed || (file.writer == .go && chunks[chunk].digest != nil) else { return nil }
        let count = countCopies(of: chunk)
        let wanted = wantedCopies(of: chunk, file.replication, away: count.away)
        var need = CopyNeed()
        need.live = count.live
        need.isShort = count.counted < wanted
        need.surplus = file.isSealed ? max(0, count.sure - file.replication) : 0
        let isHeld =
            need.live > 1
            ? isAwaited(chunk) || chunks[chunk].isRecovered && repair.holding != .nothing
            : chunks[chunk].isRecovered && repair.holding == .allChunks
        if count.readable > 0, seals[chunk] == nil, !isHeld, !isForwarded(chunk) {
            need.missing = max(0, wanted - count.counted - count.hoped - repair.arriving(chunk))
        }
        return need
    }

    /// Whether a server that may come back soon holds the chunk.
    private func isAwaited(_ chunk: ChunkHandle) -> Bool {
        chunks[chunk].replicas.contains { replica in
            !servers[replica.server].isAlive && (replica.state == .complete || replica.state == .listed)
                && losses.isAwaited(replica.server)
        }
    }

    /// Orders missing copies, the most urgent first; looks at a bounded number of chunks a step.
    mutating func dispatchCopies() {
        guard repair.waiting.count(in: .ready) > 0,
            servers.all.contains(where: { $0.isAlive && $0.incomingCopies < repair.limits.copiesPerTarget })
        else { return }
        for _ in 0..<256 where repair.mayBegin(now: now) {
            guard let (chunk, risk) = repair.waiting.popFirst(in: .ready) else { return }
            guard chunks.holds(chunk), let missing = need(of: chunk)?.missing, missing > 0 else { continue }
            if let place = order(missing, of: chunk) { repair.waiting.put(chunk, risk, in: place) }
        }
    }

    /// Orders up to `count` copies.
    ///
    /// - Returns: where the chunk has to wait, if not all could be ordered.
    private mutating func order(_ count: Int, of chunk: ChunkHandle) -> WaitingPlace? {
        for _ in 0..<count {
            guard repair.mayBegin(now: now) else { return .ready }
            let sources = sources(for: chunk)
            guard !sources.isEmpty else { return placeBehindSources(of: chunk) }
            guard let target = target(for: chunk), let source = best(of: sources, for: chunk, to: target),
                let stream = servers[source].stream
            else { return .aside }
            orderCopy(of: chunk, from: source, to: target, over: stream)
        }
        return nil
    }

    /// Orders one copy over the source's heartbeat stream.
    mutating func orderCopy(
        of chunk: ChunkHandle, from source: ServerHandle, to target: ServerHandle, over stream: StreamToken
    ) {
        let copies = servers[source].outstandingCopies + 1
        let isGo = servers[source].kind != .swift
        let task = CopyTask(
            source: source, target: target, bytes: chunks[chunk].digest?.length ?? policy.chunkSize,
            orderedAt: now, lateAt: now + policy.copyTimeout,
            // A Go server gives each copy at most 30 s.
            overAt: now + (isGo ? .seconds(30 * (copies + 1)) : policy.copyTimeout))
        begin(task, of: chunk)
        if chunks[chunk].position(of: target) == nil {
            addReplica(Replica(server: target, state: .assigned), to: chunk)
        } else {
            update(chunk, on: target) { $0.state = .assigned }
        }
        let id = id(of: chunk)
        outbox.add(TaskBatch.Copy(chunk: id, target: servers[target].address), to: stream)
        effects.append(.log(.copyOrdered(id, from: servers[source].address, to: servers[target].address)))
    }
}
