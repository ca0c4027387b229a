import DFSCore

// Proving copies on Go servers by reading them back, and having copies of all servers read again.
extension MasterState {
    /// Queues a read of the server's copy, if reading it can tell anything now.
    mutating func considerReading(_ chunk: ChunkHandle, on server: ServerHandle, isUrgent: Bool = false) {
        guard servers[server].kind == .go || mayHaveAdopted(chunk, on: server), servers[server].isAlive,
            let state = chunks[chunk].replica(on: server)?.state, state == .listed || state == .assigned,
            let file = namespace.facts(chunks[chunk].file)
        else { return }
        let isUnproven = chunks[chunk].digest == nil
        // It is read when its server answers again.
        guard isUnproven || !servers[server].isMute else { return }
        switch file.phase {
        case .sealed:
            guard state == .listed else { return }
        case .settling:
            guard state == .listed || isUnproven else { return }
        case .writing:
            // While a Go client writes, only chunks that it has left behind; a Swift client tells itself.
            guard file.writer == .go, !isUnproven || chunks[chunk].index < file.chunkCount - 1,
                state == .listed || isUrgent
            else { return }
        }
        let isWaitedFor = isUrgent || !file.isSealed || repair.isCopying(chunk, to: server)
        verification.want(ProbeKey(chunk: chunk, server: server), isUrgent: isWaitedFor, now: now)
    }

    /// Whether one of ours lists a file of an unproven chunk that it may not have written, such as one of the Go server that had its
    /// folder before: what it writes itself it tells of with the digest, and that is the proof.
    private func mayHaveAdopted(_ chunk: ChunkHandle, on server: ServerHandle) -> Bool {
        guard servers[server].inventory != nil, chunks[chunk].digest == nil,
            chunks[chunk].replica(on: server)?.state == .listed, let file = namespace.facts(chunks[chunk].file),
            case .settling = file.phase
        else { return false }
        return true
    }

    /// Takes what a server of ours has found in a file that it did not write. Of a chunk that nobody has vouched for that proves no
    /// more than reading a Go server's copy does: a full one proves itself, a short one is read again when its file settles.
    mutating func weighAdopted(_ digest: Digest, of chunk: ChunkHandle, on server: ServerHandle) {
        if digest.length == namespace.facts(chunks[chunk].file)?.chunkSize {
            accept(chunk, digest, on: server)
        } else {
            considerReading(chunk, on: server)
        }
    }

    /// Reads every copy of the chunk that is not proven, before all others.
    mutating func readAll(of chunk: ChunkHandle) {
        for replica in chunks[chunk].replicas { considerReading(chunk, on: replica.server, isUrgent: true) }
    }

    /// Starts as many reads as the bounds allow.
    mutating func dispatchReads() {
        while verification.reading.count < policy.maxReads,
            let key = verification.next(perServer: policy.maxReadsPerServer)
        {
            guard chunks.holds(key.chunk), servers[key.server].isAlive,
                let state = chunks[key.chunk].replica(on: key.server)?.state,
                state == .listed || state == (chunks[key.chunk].digest == nil ? .assigned : .complete)
            else {
                verification.forget(key)
                continue
            }
            let id = id(of: key.chunk)
            guard verification.begin(key, chunk: id) else { continue }
            // What is being read for another purpose is not read twice.
            if surplus.reading[Verification.ReadKey(chunk: id, server: key.server)] != nil { continue }
            effects.append(.readBack(id, at: servers[key.server].address))
        }
    }

    /// Takes what a read found.
    mutating func conclude(_ id: ChunkID, _ address: ServerAddress, _ finding: Finding) {
        guard let server = servers.handle(of: address) else { return }
        noteSurplusRead(id, server, finding)
        let read = Verification.ReadKey(chunk: id, server: server)
        let meaning = meaning(of: finding, id, server)
        guard let key = verification.finish(read, meaning, now: now), chunks.holds(key.chunk) else { return }
        if let digest = chunks[key.chunk].digest {
            compare(key, with: digest, meaning)
        } else {
            weigh(key, meaning)
        }
    }

    private func meaning(of finding: Finding, _ id: ChunkID, _ server: ServerHandle) -> Finding {
        guard let chunk = chunk(named: id) else { return finding }
        switch finding {
        // A chunk without a byte is never written by a Go client: an upload broke before its first one.
        case .read(Digest(length: 0, crc32c: 0)) where chunks[chunk].digest == nil: return .absent
        // Its newest list names it: which of the two is right the next ones show.
        case .absent where isInNewestList(chunk, of: server): return .unreachable
        case .read, .absent, .unreachable: return finding
        }
    }

    private func isInNewestList(_ chunk: ChunkHandle, of server: ServerHandle) -> Bool {
        guard let replica = chunks[chunk].replica(on: server), replica.state == .listed else { return false }
        return !replica.isMissing && replica.listNumber == servers[server].listNumber
    }

    /// So often a copy that others were made wrong of is tried to be read, before it is a source again: what was wrong may have been the
    /// way, or the other's fault.
    private static let doubtfulReads = 8

    /// A read of a chunk whose digest is known.
    private mutating func compare(_ key: ProbeKey, with digest: Digest, _ finding: Finding) {
        // Proven already, and read again: its server's lists and life tell all that bytes do not.
        let isKnown = chunks[key.chunk].replica(on: key.server)?.state == .complete
        switch finding {
        case .read(digest): return isKnown ? verification.forget(key) : accept(key.chunk, digest, on: key.server)
        case .absent where isKnown: return verification.forget(key)
        case .unreachable: return noteUnread(key, isKnown: isKnown)
        case .read, .absent: break
        }
        let isArriving = repair.isCopying(key.chunk, to: key.server)
        let settled = verification.settledFinding(key, now, policy.rereadInterval)
        if case .read = settled, !isArriving {
            update(key.chunk, on: key.server) { $0.state = .bad }
            noteDamage(of: key.chunk)
            effects.append(
                .log(
                    isKnown
                        ? damage(of: key.chunk, on: key.server)
                        : .replicaBad(id(of: key.chunk), servers[key.server].address)))
            verification.forget(key)
            review(key.chunk)
            return
        }
        verification.rest(key, until: now + pause(key, isArriving: isArriving))
    }

    /// The copy could not be read: a sector of its disk may be bad, or its server out of reach. What it was proven to be is believed
    /// for longer than what is only listed, and as long as there is no other copy that readers could be sent to.
    private mutating func noteUnread(_ key: ProbeKey, isKnown: Bool) {
        let server = servers[key.server]
        // One of ours finds out by itself; one that is mute is no better a source for it while the copy is doubted.
        let isDoubted = verification.probe(key)?.isDoubted == true
        guard !isKnown || server.kind == .go && (!server.isMute || isDoubted) else { return verification.forget(key) }
        // Whether it answers at all.
        if server.kind == .go, server.describeAt == nil { servers[key.server].describeAt = now }
        if let probe = verification.probe(key), probe.reads >= Self.doubtfulReads { verification.trust(key) }
        let isArriving = repair.isCopying(key.chunk, to: key.server)
        if !isArriving, isUnreadable(key) {
            update(key.chunk, on: key.server) { replica in
                replica.state = .listed
                replica.isUnreadable = true
            }
            effects.append(.log(.replicaUnreadable(id(of: key.chunk), server.address)))
            review(key.chunk)
        }
        verification.rest(key, until: now + pause(key, isArriving: isArriving))
    }

    /// Whether reads of the copy have failed for so long that it is to count no more, as it does still.
    private func isUnreadable(_ key: ProbeKey) -> Bool {
        guard let replica = chunks[key.chunk].replica(on: key.server), let probe = verification.probe(key),
            probe.finding == .unreachable
        else { return false }
        switch replica.state {
        case .listed: return !replica.isUnreadable && now - probe.since >= policy.copyTimeout
        case .complete:
            // Of one that does not answer either nobody knows whether it is the chunk or the way to it.
            return now - probe.since >= policy.unreadablePatience && probe.reads > 2
                && servers[key.server].answeredAt.map { $0 > probe.since } ?? false
                && countCopies(of: key.chunk).readable > 1
        case .assigned, .bad, .deleting: return false
        }
    }

    /// A read of a chunk that no one has vouched for: a full one proves itself, a short last one is accepted when all
    /// servers that could hold it have been read alike twice.
    private mutating func weigh(_ key: ProbeKey, _ finding: Finding) {
        let file = chunks[key.chunk].file
        guard let facts = namespace.facts(file) else { return }
        if case .read(let digest) = finding, digest.length == facts.chunkSize {
            accept(key.chunk, digest, on: key.server)
            return
        }
        guard case .settling = facts.phase else {
            // The writer may still be at it: settling reads it again.
            verification.forget(key)
            return
        }
        verification.rest(key, until: now + pause(key, isArriving: false))
        reviewSettling(file)
    }

    /// The content of an unproven last chunk, once every server that may hold it has been read alike twice. A Go client
    /// tries its servers in order and stops at the first success, so the longest copy is the one, and among equals the
    /// last.
    func agreed(_ chunk: ChunkHandle) -> (Digest, ServerHandle)? {
        guard let file = namespace.facts(chunks[chunk].file), case .settling(let since) = file.phase else { return nil }
        var best: (Digest, ServerHandle)?
        for replica in chunks[chunk].replicas {
            let server = servers[replica.server]
            let key = ProbeKey(chunk: chunk, server: replica.server)
            switch verification.settledFinding(key, now, policy.rereadInterval) {
            case .read(let digest):
                if digest.length >= best?.0.length ?? 0 { best = (digest, replica.server) }
            case .absent: continue
            case .unreachable, nil:
                // A server that is away may hold more than we see elsewhere, unless it was away all the time.
                if hasNothing(replica) || isGivenUp(server) { continue }
                let wasAway = !server.isAlive && !replica.wasReachable && now - since > policy.settlingPatience
                if !wasAway { return nil }
            }
        }
        return best
    }

    /// Until the next read: soon while a copy is arriving, else when it can settle, and ever longer after failures.
    private func pause(_ key: ProbeKey, isArriving: Bool) -> Duration {
        guard let probe = verification.probe(key) else { return policy.rereadInterval }
        if isArriving { return .seconds(2) }
        if let replica = chunks[key.chunk].replica(on: key.server) {
            if replica.isUnreadable { return .seconds(min(300, 30 * probe.reads)) }
            if replica.state == .complete, probe.finding == .unreachable { return .seconds(60) }
        }
        let untilSettled = policy.rereadInterval - (now - probe.since)
        if untilSettled > .zero { return untilSettled }
        return .seconds(min(60, 5 * probe.reads))
    }
}
