import DFSCore

// Bringing every chunk to its number of copies: copy first, delete only what is surely too much.
extension MasterState {
    /// Looks whether the chunk has the right number of copies and queues it otherwise. To be called whenever one of its
    /// replicas, or the life of a server that holds one, changed.
    mutating func review(_ chunk: ChunkHandle) {
        defer { noteHealth(of: chunk) }
        guard let need = need(of: chunk) else { return }
        if need.missing > 0 { repair.queue.append(chunk) }
        if need.surplus > 0 || need.missing == 0 { trim(chunk, surplus: need.surplus) }
    }

    /// How many copies are to be made or may be deleted; `nil` while that is its writer's affair.
    private func need(of chunk: ChunkHandle) -> (missing: Int, surplus: Int)? {
        guard let file = namespace.facts(chunks[chunk].file) else { return nil }
        // A Go client writes one copy and leaves the others to us as soon as the chunk is whole.
        guard file.isSealed || (file.writer == .go && chunks[chunk].digest != nil) else { return nil }
        let count = countCopies(of: chunk)
        let wanted = wantedCopies(of: chunk, file.replication, away: count.away)
        let canCopy = count.readable > 0 && seals[chunk] == nil && !(chunks[chunk].isRecovered && repair.isHolding)
        let missing = wanted - count.counted - count.hoped - repair.arriving(chunk)
        return (
            canCopy && !isForwarded(chunk) ? max(0, missing) : 0,
            file.isSealed ? max(0, count.sure - file.replication) : 0
        )
    }

    /// Orders missing copies; looks at a bounded number of chunks a step.
    mutating func dispatchCopies() {
        for _ in 0..<256 {
            guard let chunk = repair.queue.popFirst() else { return }
            guard chunks.holds(chunk), let missing = need(of: chunk)?.missing, missing > 0 else { continue }
            // It is looked at again when copies end, or time passes.
            if !order(missing, of: chunk) { repair.setAside(chunk) }
        }
    }

    /// Orders up to `count` copies; `false` where not all could be.
    private mutating func order(_ count: Int, of chunk: ChunkHandle) -> Bool {
        for _ in 0..<count {
            guard let source = source(for: chunk), let stream = servers[source].stream,
                let target = target(for: chunk)
            else { return false }
            orderCopy(of: chunk, from: source, to: target, over: stream)
        }
        return true
    }

    /// Orders one copy over the source's heartbeat stream.
    mutating func orderCopy(
        of chunk: ChunkHandle, from source: ServerHandle, to target: ServerHandle, over stream: StreamToken
    ) {
        let copies = servers[source].outstandingCopies + 1
        let isGo = servers[source].kind != .swift
        let task = CopyTask(
            source: source, target: target, orderedAt: now, lateAt: now + policy.copyTimeout,
            // A Go server gives each copy at most 30 s.
            overAt: now + (isGo ? .seconds(30 * (copies + 1)) : policy.copyTimeout))
        repair.add(task, of: chunk)
        servers[source].outstandingCopies = copies
        servers.reserve(chunks[chunk].digest?.length ?? policy.chunkSize, on: target)
        if chunks[chunk].position(of: target) == nil {
            addReplica(Replica(server: target, state: .assigned), to: chunk)
        } else {
            update(chunk, on: target) { $0.state = .assigned }
        }
        let id = id(of: chunk)
        outbox.add(TaskBatch.Copy(chunk: id, target: servers[target].address), to: stream)
        effects.append(.log(.copyOrdered(id, from: servers[source].address, to: servers[target].address)))
    }

    /// The live server with a complete copy that has the least to do.
    private func source(for chunk: ChunkHandle) -> ServerHandle? {
        chunks[chunk].replicas
            .filter { $0.state == .complete && !$0.isMissing }
            .map { servers[$0.server] }
            .filter {
                $0.isAlive && $0.stream != nil && $0.outstandingCopies < policy.maxCopiesPerSource
                    && $0.outstandingTasks < policy.maxTasksPerServer
            }
            .min { $0.outstandingCopies < $1.outstandingCopies }?
            .handle
    }

    /// A server with room that neither has the chunk nor is to get it; one that a copy did not reach in time only where
    /// there is no other, and not while that copy may still come.
    private mutating func target(for chunk: ChunkHandle) -> ServerHandle? {
        var excluded: Set<ServerHandle> = []
        for replica in chunks[chunk].replicas {
            switch replica.state {
            case .listed, .complete, .deleting: excluded.insert(replica.server)
            case .assigned: break
            // A Go server overwrites what it holds; one of ours puts a bad copy aside by itself.
            case .bad: if servers[replica.server].kind != .go { excluded.insert(replica.server) }
            }
        }
        let id = id(of: chunk)
        for server in servers.all
        where repair.copiesTo(server.handle) >= policy.maxCopiesPerTarget || server.deletions[id] != nil {
            excluded.insert(server.handle)
        }
        let copies = repair.copies(of: chunk)
        let bytes = max(chunks[chunk].digest?.length ?? 0, policy.chunkSize)
        let taken = chunks[chunk].replicas
            .filter { $0.state == .complete && servers[$0.server].isAlive }.map { servers[$0.server].location }
        var placement = Placement(bytes: bytes, excluded: excluded.union(copies.map(\.target)), taken: taken)
        if let fresh = placement.choose(1, from: servers.all, using: &random).first { return fresh }
        placement.excluded = excluded.union(copies.filter { !$0.isLate || $0.overAt > now }.map(\.target))
        return placement.choose(1, from: servers.all, using: &random).first
    }

    /// Deletes bad copies, and surplus ones where enough complete ones remain: first the one that a move was to take the
    /// place of, then on racks that hold another one, then on the server that came back last, then where space is least.
    /// Copies on servers that are not in the normal state neither count nor go.
    private mutating func trim(_ chunk: ChunkHandle, surplus: Int) {
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
