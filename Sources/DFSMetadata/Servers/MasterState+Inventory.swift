import DFSCore

// Heartbeats of our own servers: a full report when a session begins, then differences, each compared by a digest.
//
// What a list decides by naming a chunk, or by not naming it, is decided here by the change, and again where time must pass: a
// heartbeat whose digests agree is as good as a list that names what is told of and nothing else.
extension MasterState {
    /// Ids that one heartbeat brings up again.
    private static let revisitsPerBeat = 256

    /// Takes a heartbeat of a server that tells differences.
    mutating func heartbeat(_ report: InventoryReport, _ stream: StreamToken) {
        outbox.answer(stream)
        // What comes late over an old stream is older than what was told over the new one, at this address or, where the node was
        // moved, at another. Two nodes of one id, as of a folder that was copied, are one, which is where its newer session is.
        let known = [servers.handle(of: report.address), servers.session(of: report.nodeID)].compactMap(\.self)
        let newest = known.compactMap { servers[$0].inventory?.stream.rawValue }.max()
        if let newest, newest > stream.rawValue { return }
        guard let server = admit(report.address, over: report.connection) else { return }
        setKind(.swift, nodeID: report.nodeID, of: server)
        servers[server].stream = stream
        servers[server].freeBytes = report.freeBytes
        servers[server].reservedBytes = 0
        if let key = report.key { beginReport(of: server, on: stream, key) }
        guard servers[server].inventory?.stream == stream else {
            // This master does not know what the difference is to.
            outbox.wantFullReport(on: stream)
            return
        }
        let orphanCount = servers[server].orphanCount
        for id in report.removed { unlist(id, on: server) }
        for held in report.added { list(held, wasTold: false, on: server, stream) }
        for held in report.changed { list(held, wasTold: true, on: server, stream) }
        noteRoom(of: server)
        guard let sum = report.sum else { return }
        compare(sum, with: server, on: stream, orphanCount: orphanCount)
    }

    /// All that was told before counts no longer; its records stay until the report is whole.
    private mutating func beginReport(of server: ServerHandle, on stream: StreamToken, _ key: InventoryDigest.Key) {
        var inventory = Inventory(stream: stream, key: key)
        inventory.formerOrphans = servers[server].orphans
        inventory.formerOrphanCount = servers[server].orphanCount
        endFormerSession(of: server)
        servers[server].orphans = [:]
        servers[server].orphanCount = 0
        servers[server].settledList = nil
        servers[server].listNumber &+= 1
        servers[server].lacksListed = false
        servers[server].inventory = inventory
    }

    private mutating func compare(
        _ sum: InventoryReport.Sum, with server: ServerHandle, on stream: StreamToken, orphanCount: Int
    ) {
        guard let inventory = servers[server].inventory else { return }
        let wasReporting: Bool
        if case .reporting = inventory.phase { wasReporting = true } else { wasReporting = false }
        if wasReporting { reports.full += 1 } else { reports.differences += 1 }
        guard InventoryReport.Sum(inventory.digest) == sum else {
            if case .disagreeing = inventory.phase {
            } else {
                reports.mismatches += 1
                effects.append(.log(.inventoriesDiffer(servers[server].address)))
            }
            servers[server].inventory?.phase = .disagreeing
            outbox.wantFullReport(on: stream)
            return
        }
        servers[server].inventory?.phase = .agreed
        if wasReporting {
            endReport(of: server, inventory)
        } else {
            noteOrphanCount(of: server, before: orphanCount)
            noteUnconfirmed(on: server)
            noteAbsent(on: server)
        }
        settleDeletions(on: server)
        for _ in 0..<min(Self.revisitsPerBeat, servers[server].inventory?.waitingCount ?? 0) {
            if let id = servers[server].inventory?.nextToRevisit(), isListed(id, on: server) {
                let chunk = chunk(named: id)
                see(id, chunk, isNew: false, on: server)
                if let chunk { readUntold(chunk, on: server) }
            }
        }
        if let now = servers[server].inventory, now.hasForgotten, now.waitingCount == 0 {
            outbox.wantFullReport(on: stream)
        }
    }

    /// What the server has of a chunk it tells once, and that may have been before the chunk, or this record of it, was there: it
    /// is asked then.
    private mutating func readUntold(_ chunk: ChunkHandle, on server: ServerHandle) {
        guard chunks[chunk].digest != nil, chunks[chunk].replica(on: server)?.state == .listed,
            namespace.facts(chunks[chunk].file)?.isSealed == true
        else { return }
        verification.want(ProbeKey(chunk: chunk, server: server), isUrgent: false, now: now)
    }

    /// The report is whole: what it lacks is missing.
    private mutating func endReport(of server: ServerHandle, _ inventory: Inventory) {
        noteOrphanCount(of: server, before: inventory.formerOrphanCount)
        servers[server].inventory?.formerOrphans = [:]
        let number = servers[server].listNumber
        let records = Int(clamping: inventory.digest.count) - inventory.strangerCount
        // Strangers that are not known by their ids are not surely counted right.
        if records != servers[server].chunks.count || inventory.strangerCount > inventory.strangers.count {
            let rest = servers[server].chunks.filter { chunks[$0].replica(on: server)?.listNumber != number }
            lookAt(rest.sorted(), of: server, because: .unlisted)
            servers[server].lacksListed = !rest.isEmpty
        }
        leaveFormerAddresses(of: server)
        guard servers[server].isReturning else { return }
        servers[server].isReturning = false
        if servers[server].adminState != .normal { recountWithdrawn() }
        lookAtChunks(of: server, because: .returned)
        // What it was taken to hold is known now.
        if servers[server].adminState == .maintenance { reviewRecovered() }
    }

    /// The server holds the chunk.
    ///
    /// - Parameter wasTold: whether it has told of it before in this session, and knows more now. It may be one of the strangers
    ///   that are only counted.
    private mutating func list(
        _ held: InventoryReport.Held, wasTold: Bool, on server: ServerHandle, _ stream: StreamToken
    ) {
        let known = chunk(named: held.id)
        let isListed = isSurelyListed(held.id, known, on: server)
        let wasCounted = !isListed && wasTold && servers[server].inventory?.mayBeStranger(held.id) == true
        let isNew = !isListed && !wasCounted
        if isNew { servers[server].inventory?.digest.insert(held.id) }
        // From now on it has a record.
        if wasCounted, known != nil { _ = servers[server].inventory?.removeStranger(held.id) }
        guard let digest = held.digest, let chunk = known else {
            if let digest = held.digest { noteReport(of: held.id, digest, by: servers[server].address) }
            see(held.id, known, isNew: isNew, on: server)
            return
        }
        if held.isAdopted, chunks[chunk].digest == nil, isAcceptable(digest, for: chunk) {
            see(held.id, known, isNew: isNew, on: server)
            weighAdopted(digest, of: chunk, on: server)
        } else if isAcceptable(digest, for: chunk) {
            endForwarding(of: chunk, from: server)
            accept(chunk, digest, on: server)
            // The proof may have ended an upload, and the chunk with it.
            see(held.id, self.chunk(named: held.id), isNew: !isListed, on: server)
        } else {
            see(held.id, known, isNew: isNew, on: server)
            reject(chunk, held.id, on: server)
            outbox.addUnwanted(held.id, to: stream)
        }
    }

    /// What a list does when it names the chunk.
    ///
    /// - Parameters:
    ///   - chunk: the one of that id, if a file has it.
    ///   - isNew: whether it is not counted as a stranger so far; of those that are only counted nobody else can tell.
    private mutating func see(_ id: ChunkID, _ chunk: ChunkHandle?, isNew: Bool, on server: ServerHandle) {
        if let chunk {
            _ = noteListed(chunk, on: server, servers[server].listNumber)
            guard chunks[chunk].replica(on: server)?.state == .deleting else { return }
            switch confirmDeletion(of: chunk, on: server) {
            case .order: requestDeletion(of: id, on: server)
            case .wait: break
            case .keep: servers[server].deletions[id] = nil
            }
            return
        }
        if isNew { _ = servers[server].inventory?.insertStranger(id) }
        if tombstones.condemn(id) {
            // Counted as one before its file was removed: only where it is known by its id.
            if servers[server].orphans[id] != nil { forgetOrphan(id, on: server) }
            requestDeletion(of: id, on: server)
        } else if isNew || servers[server].inventory?.strangers.contains(id) == true, !isOpen(id) {
            addOrphan(id, on: server)
        }
    }

    /// Whether records are appended to the chunk.
    private func isOpen(_ id: ChunkID) -> Bool { FileID(in: id).flatMap { appends[$0]?.chunk?.id } == id }

    /// The server holds the chunk no longer.
    private mutating func unlist(_ id: ChunkID, on server: ServerHandle) {
        servers[server].deletions[id] = nil
        if let chunk = chunk(named: id), let at = chunks[chunk].position(of: server),
            chunks[chunk].replicas[at].listNumber == servers[server].listNumber
        {
            servers[server].inventory?.digest.remove(id)
            chunks[chunk].replicas[at].listNumber = 0
            noteUnlisted(chunk, on: server)
        } else if servers[server].inventory?.removeStranger(id) == true {
            servers[server].inventory?.digest.remove(id)
            let isKnownOrphan = servers[server].orphans[id] != nil
            if isKnownOrphan || !tombstones.condemn(id) && !isOpen(id) { forgetOrphan(id, on: server) }
        }
    }

    /// What a list does by not naming the chunk for the first time.
    mutating func noteUnlisted(_ chunk: ChunkHandle, on server: ServerHandle) {
        switch chunks[chunk].replica(on: server)?.state {
        case .deleting: removeReplica(of: chunk, on: server)
        case .listed, .complete, .bad:
            if servers[server].missingSince[chunk] == nil { setMissing(chunk, on: server, since: now) }
        case .assigned, nil: break
        }
    }

    /// Copies that were vouched for and that the server has not told of since are missing from now on: their record is in neither
    /// digest, so that these agree, whether or not the server has them.
    private mutating func noteUnconfirmed(on server: ServerHandle) {
        guard let unconfirmed = servers[server].inventory?.unconfirmed, !unconfirmed.isEmpty else { return }
        for (chunk, since) in unconfirmed.sorted(by: { $0.key < $1.key })
        where now - since > policy.absenceInterval {
            servers[server].inventory?.unconfirmed[chunk] = nil
            noteUnlisted(chunk, on: server)
        }
    }

    /// Chunks that have been missing for long enough are gone, now that the server has been heard again.
    private mutating func noteAbsent(on server: ServerHandle) {
        guard !servers[server].missingSince.isEmpty, !backlog.holds(.absent, of: server) else { return }
        let absent = servers[server].missingSince.filter { now - $0.value > policy.absenceInterval }.keys.sorted()
        if !absent.isEmpty { lookAt(absent, of: server, because: .absent) }
    }

    /// Deletions that were carried out are done; those that should have been are looked at again.
    private mutating func settleDeletions(on server: ServerHandle) {
        for (id, since) in servers[server].deletions.sorted(by: { $0.key < $1.key }) {
            if !isListed(id, on: server) {
                servers[server].deletions[id] = nil
            } else if now - since > policy.deletionTimeout {
                see(id, chunk(named: id), isNew: false, on: server)
            }
        }
    }

    /// Whether the server has told of the chunk; `true` where that is not known for sure.
    private func isListed(_ id: ChunkID, on server: ServerHandle) -> Bool {
        isSurelyListed(id, chunk(named: id), on: server) || servers[server].inventory?.mayBeStranger(id) == true
    }

    private func isSurelyListed(_ id: ChunkID, _ chunk: ChunkHandle?, on server: ServerHandle) -> Bool {
        guard let chunk, let replica = chunks[chunk].replica(on: server) else {
            return servers[server].inventory?.strangers.contains(id) == true
        }
        return replica.listNumber == servers[server].listNumber
    }
}
