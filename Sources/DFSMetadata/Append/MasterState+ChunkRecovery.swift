import DFSCore

// Recovery is sealing: raise the version, fence all servers, take the longest answer, seal it there.
extension MasterState {
    /// Begins to bring an open chunk to its end.
    mutating func recover(_ file: FileID, because reason: String) {
        guard var chunk = appends[file]?.chunk, chunk.isOpen else { return }
        chunk.version += 1
        appends[file]?.chunk = chunk
        effects.append(.persist(.raiseVersion(file, index: chunk.index, version: chunk.version)))
        effects.append(.log(.recovering(chunk.id, reason: reason)))
        fence(file, round: 1)
    }

    mutating func fence(_ file: FileID, round: Int) {
        guard let chunk = appends[file]?.chunk else { return }
        var recovery = ChunkRecovery(waiting: Set(chunk.servers))
        recovery.rounds = round
        if case .recovering(let former) = chunk.phase { recovery.failedSeals = former.failedSeals }
        appends[file]?.chunk?.phase = .recovering(recovery)
        let known = OpenVersion(chunk: chunk.id, version: chunk.version)
        for server in chunk.servers { effects.append(.fence(known, at: server)) }
    }

    /// Takes what ``Effect/fence(_:at:)`` brought; `nil` where the server could not be asked.
    mutating func fenced(_ known: OpenVersion, _ server: ServerAddress, _ answer: FenceAnswer?) {
        guard let file = FileID(in: known.chunk), let chunk = appends[file]?.chunk, chunk.id == known.chunk,
            chunk.version == known.version, case .recovering(var recovery) = chunk.phase, recovery.length == nil,
            recovery.waiting.remove(server) != nil
        else { return }
        recovery.answers[server] = answer
        appends[file]?.chunk?.phase = .recovering(recovery)
        if recovery.waiting.isEmpty { chooseLength(of: file, chunk, recovery) }
    }

    /// All servers have answered, or could not be reached.
    private mutating func chooseLength(of file: FileID, _ chunk: OpenChunk, _ known: ChunkRecovery) {
        var recovery = known
        let holders = recovery.answers.filter { $0.value.hasChunk && $0.value.length <= Self.maxChunkLength }
        // Every byte that was acknowledged is on every server, so each answer has them all; one that sealed it already, in an
        // earlier attempt whose answer was lost, can no longer change.
        let sealed = holders.values.filter(\.isSealed).map(\.length).max()
        // A server may not be able to seal what it has, as after a failed sync until its restart. The others have all that was
        // acknowledged; the longest one is only the safest.
        let able = holders.filter { recovery.failedSeals[$0.key, default: 0] < ChunkRecovery.maxFailedSeals }
        let fit = able.isEmpty ? holders : able
        guard let length = sealed ?? fit.values.map(\.length).max() else {
            if isSurelyEmpty(chunk, recovery) {
                vacate(file, chunk)
            } else {
                retryLater(file, recovery)
            }
            return
        }
        let sealers = holders.filter { $0.value.isSealed ? $0.value.length == length : $0.value.length >= length }
        recovery.length = length
        recovery.waiting = Set(sealers.keys)
        appends[file]?.chunk?.phase = .recovering(recovery)
        let version = OpenVersion(chunk: chunk.id, version: chunk.version)
        for server in sealers.keys.sorted(by: { $0.description < $1.description }) {
            effects.append(.seal(version, length: length, at: server))
        }
    }

    /// Whether nothing can have been acknowledged of a chunk that no server which answered has. Without a primary nobody
    /// acknowledges; with one, all servers had it, so that one which has not is proof. The others are waited for all the same, since
    /// that one may have lost its disk, but not those that an operator has taken out of service and that are gone.
    private func isSurelyEmpty(_ chunk: OpenChunk, _ recovery: ChunkRecovery) -> Bool {
        if !chunk.wasGranted { return true }
        // It may be whole on other servers by now.
        if chunk.isOfBackup { return false }
        let awaited = awaited(of: chunk, recovery)
        return awaited.isEmpty && !recovery.answers.isEmpty
    }

    /// The servers of the chunk that have not answered and may still.
    private func awaited(of chunk: OpenChunk, _ recovery: ChunkRecovery) -> [ServerAddress] {
        chunk.servers.filter { address in
            guard recovery.answers[address] == nil else { return false }
            guard let server = servers.handle(of: address), !servers[server].isAlive else { return true }
            return servers[server].adminState != .decommissioning && servers[server].adminState != .decommissioned
        }
    }

    /// What they are told who want to read, or to append to, the file.
    func beingSealed(_ chunk: OpenChunk, of name: FileName) -> DFSError {
        let text = "the last chunk of file \(quoted(name.text)) is being sealed"
        guard case .recovering(let recovery) = chunk.phase, recovery.retryAt != nil else {
            return DFSError(.unavailable, "\(text); try again soon", advice: .refreshLocations)
        }
        let away = awaited(of: chunk, recovery).map(\.description).joined(separator: ", ")
        return DFSError(
            .unavailable,
            away.isEmpty
                ? "\(text), and its chunk servers could not do it; it is tried again, see their logs"
                : "\(text), and waits for chunk servers that do not answer: \(away); start them, or decommission those that are "
                    + "gone for good",
            advice: .refreshLocations)
    }

    /// Nothing was acknowledged, and no server takes anything for the old version any more.
    private mutating func vacate(_ file: FileID, _ chunk: OpenChunk) {
        appends[file]?.chunk?.phase = .vacant
        let former = chunk.former.union(chunk.servers)
        appends[file]?.chunk?.former = former
        appends[file]?.chunk?.servers = []
        effects.append(
            .persist(
                .openChunk(file, index: chunk.index, version: chunk.version, servers: [], former: sorted(former))))
    }

    /// In one order, whichever process asks.
    func sorted(_ servers: Set<ServerAddress>) -> [ServerAddress] {
        servers.sorted { $0.description < $1.description }
    }

    private mutating func retryLater(_ file: FileID, _ known: ChunkRecovery) {
        var recovery = known
        recovery.retryAt = now + min(.seconds(1 << min(recovery.rounds - 1, 5)), policy.longestRecoveryPause)
        recovery.waiting = []
        appends[file]?.chunk?.phase = .recovering(recovery)
    }

    /// Takes what ``Effect/seal(_:length:at:)`` brought; `nil` where it failed. The first success settles what the chunk is.
    mutating func sealed(_ known: OpenVersion, _ length: UInt64, _ server: ServerAddress, crc32c: UInt32?) {
        let digest = crc32c.map { Digest(length: length, crc32c: $0) }
        if let handle = chunk(named: known.chunk) {
            takeLateSeal(of: handle, server, digest)
            return
        }
        guard let file = FileID(in: known.chunk), let chunk = appends[file]?.chunk, chunk.id == known.chunk,
            chunk.version == known.version, case .recovering(var recovery) = chunk.phase
        else { return }
        recovery.waiting.remove(server)
        if let digest {
            finish(file, chunk, digest, on: server, sealing: recovery.length == length ? recovery.waiting : [])
        } else if recovery.length != nil, recovery.retryAt == nil {
            recovery.failedSeals[server, default: 0] += 1
            appends[file]?.chunk?.phase = .recovering(recovery)
            if recovery.waiting.isEmpty { retryLater(file, recovery) }
        }
    }

    /// The open chunk becomes one like all others.
    ///
    /// - Parameter others: servers that are sealing it, too: their copies are waited for.
    private mutating func finish(
        _ file: FileID, _ open: OpenChunk, _ digest: Digest, on server: ServerAddress,
        sealing others: Set<ServerAddress>
    ) {
        let handle = chunks.insert(Chunk(file: file, index: open.index, digest: digest, isRecovered: false))
        namespace.append(handle, length: digest.length, at: wallSeconds, to: file)
        effects.append(
            .persist(.sealChunk(file, index: open.index, version: open.version, digest: digest, at: wallSeconds)))
        effects.append(.log(.chunkSealed(open.id, length: digest.length)))
        appends[file]?.chunk = nil
        if !others.isEmpty { seals[handle] = others }
        var stale: Set<ServerHandle> = []
        for address in open.servers {
            guard let holder = servers.enter(address, now: now) else { continue }
            // Its next list is to be looked at, though it says nothing new.
            servers[holder].settledList = nil
            servers[holder].inventory?.revisit(open.id)
            if address == server || open.reports[address] == digest {
                accept(handle, digest, on: holder)
            } else if !others.contains(address) {
                stale.insert(holder)
            }
        }
        // A master that starts again asks nobody whether the others have sealed it.
        stale.formUnion(others.compactMap { servers.enter($0, now: now) })
        stale.formUnion(open.former.subtracting(open.servers).compactMap { servers.enter($0, now: now) })
        if !stale.isEmpty { setStale(stale, of: handle) }
        review(handle)
    }

    private mutating func takeLateSeal(of chunk: ChunkHandle, _ address: ServerAddress, _ digest: Digest?) {
        guard let server = servers.enter(address, now: now) else { return }
        let isAwaited = seals[chunk]?.remove(address) != nil
        if seals[chunk]?.isEmpty == true { seals[chunk] = nil }
        if let digest, digest == chunks[chunk].digest {
            accept(chunk, digest, on: server)
        } else if isAwaited, chunks[chunk].position(of: server) == nil {
            setStale((staleReplicas[chunk] ?? []).union([server]), of: chunk)
        }
        review(chunk)
    }

    private mutating func setStale(_ holders: Set<ServerHandle>, of chunk: ChunkHandle) {
        staleReplicas[chunk] = holders.isEmpty ? nil : holders
        if holders.isEmpty { staleChunks.remove(chunk) } else { staleChunks.append(chunk) }
        effects.append(
            .persist(
                .noteStale(
                    chunks[chunk].file, index: chunks[chunk].index,
                    servers: holders.sorted().map { servers[$0].address })))
    }

    /// Chunks with stale replicas that a tick looks at.
    private static let staleChunksPerTick = 1000

    /// Has what is left of open chunks deleted where they were not sealed, once enough servers hold them whole. Servers that
    /// are away then are told when they are back: also those that were taken out of service meanwhile, since they can come back, too.
    mutating func deleteStaleReplicas() {
        endStaleOrders()
        var looked: [ChunkHandle] = []
        while looked.count < Self.staleChunksPerTick, let chunk = staleChunks.popFirst() { looked.append(chunk) }
        for chunk in looked.sorted() {
            guard let holders = staleReplicas[chunk] else { continue }
            staleChunks.append(chunk)
            let (id, isWhole) = (id(of: chunk), isWhole(chunk))
            let rest = holders.sorted().filter { server in
                // A copy that was brought there since has taken its place, unless an order on its way may still meet it; one that
                // is only on its way may never come.
                if let replica = chunks[chunk].replica(on: server) {
                    if staleOrders[ProbeKey(chunk: chunk, server: server)] != nil { return true }
                    return replica.state != .complete
                }
                if seals[chunk]?.contains(servers[server].address) == true { return true }
                return !isStaleDeleted(chunk, id, on: server, mayOrder: isWhole)
            }
            if rest.count < holders.count { setStale(Set(rest), of: chunk) }
        }
    }

    /// Copies that an order to delete a stale replica could have met, and that are there when it has surely been carried out, count
    /// again.
    private mutating func endStaleOrders() {
        let over = staleOrders.filter { key, order in
            now - order.at > policy.deletionTimeout && chunks[key.chunk].position(of: key.server) != nil
        }.keys.sorted { ($0.chunk, $0.server) < ($1.chunk, $1.server) }
        for key in over {
            staleOrders[key] = nil
            review(key.chunk)
        }
    }

    /// Orders the deletion of a stale replica until an order has surely arrived: lists do not show open chunks, so that it has
    /// is known only by its stream, which has lasted for long enough after it. One that was lost with its stream is given again.
    ///
    /// What was surely carried out counts also while the chunk lacks copies: else none could come to this server.
    private mutating func isStaleDeleted(
        _ chunk: ChunkHandle, _ id: ChunkID, on server: ServerHandle, mayOrder: Bool
    ) -> Bool {
        let key = ProbeKey(chunk: chunk, server: server)
        let stream = servers[server].stream
        if let order = staleOrders[key], order.stream == stream {
            guard now - order.at > policy.deletionTimeout else { return false }
            staleOrders[key] = nil
            return true
        }
        guard mayOrder else {
            // One that was lost meets nothing any more.
            if let order = staleOrders[key], now - order.at > policy.deletionTimeout { staleOrders[key] = nil }
            return false
        }
        staleOrders[key] = nil
        requestDeletion(of: id, on: server)
        if let stream, servers[server].deletions[id] == now { staleOrders[key] = (stream, now) }
        return false
    }

    /// The file is gone for good: what there is of its open chunk, and of those that were sealed elsewhere, is condemned. Servers
    /// list no open chunks, so this is the last time that these are ordered deleted.
    mutating func forgetAppends(to file: FileID, _ handles: [ChunkHandle], _ ids: ChunkIDs) {
        for chunk in handles {
            seals[chunk] = nil
            staleChunks.remove(chunk)
            for server in (staleReplicas.removeValue(forKey: chunk) ?? []).sorted() {
                staleOrders[ProbeKey(chunk: chunk, server: server)] = nil
                requestDeletion(of: ids[chunks[chunk].index], on: server)
            }
        }
        guard let entry = appends.removeValue(forKey: file), let open = entry.chunk else { return }
        for server in open.former.union(open.servers).compactMap({ servers.handle(of: $0) }).sorted() {
            requestDeletion(of: open.id, on: server)
        }
    }
}
