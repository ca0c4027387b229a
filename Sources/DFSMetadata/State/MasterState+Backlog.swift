import DFSCore

/// What is to be looked at because of something that befell very many at once, in the order in which it did.
struct Backlog: Sendable {
    /// Why some chunks of a server are looked at.
    enum Cause: Sendable, Equatable {
        /// A full report of their server lacks them.
        case unlisted
        /// Their server has not had them for so long that they are gone.
        case absent
    }

    struct Work: Sendable {
        let cause: Cause
        let server: ServerHandle
        let chunks: [ChunkHandle]
        /// The number of the server's newest list when it was queued.
        let listNumber: UInt32
        var next = 0
    }

    struct Closed: Sendable {
        let connection: ConnectionToken
        let files: [FileID]
        var next = 0
    }

    var work: [Work] = []
    /// Servers all of whose chunks are looked at.
    var sweep = Sweep()
    /// Connections that closed, with the files that were written over them.
    var closed: [Closed] = []
    /// Complete files that are to have another number of copies, and the one whose chunks are being reviewed.
    var files = WorkQueue<FileID>()
    var reviewed: (file: FileID, next: Int)?

    /// Whether work of this cause waits for the server's chunks.
    func holds(_ cause: Cause, of server: ServerHandle) -> Bool {
        work.contains { $0.cause == cause && $0.server == server }
    }

    var isEmpty: Bool {
        work.isEmpty && sweep.isEmpty && closed.isEmpty && files.isEmpty && reviewed == nil && scan == nil
    }
    /// Where the one scan over all chunks goes on, while it does.
    var scan: UInt32?
}

// Long work is done a piece at a time, so that heartbeats and calls never wait for it.
extension MasterState {
    /// Chunks or files that a step looks at beside its input, and those that one looks at which does nothing else.
    static let countPerStep = 100
    static let countPerTurn = 5000
    /// Slots of the table of chunks that are passed over in the time in which one chunk is looked at.
    private static let slotsPerChunk = 16

    /// Looks at all chunks of a server, soon.
    mutating func lookAtChunks(of server: ServerHandle, because cause: Sweep.Causes) {
        backlog.sweep.add(server, cause)
    }

    /// Looks at these chunks of a server, soon.
    mutating func lookAt(_ chunks: [ChunkHandle], of server: ServerHandle, because cause: Backlog.Cause) {
        backlog.work.append(
            Backlog.Work(cause: cause, server: server, chunks: chunks, listNumber: servers[server].listNumber))
    }

    mutating func workOffBacklog(_ count: Int) {
        var budget = count
        leaveClosedConnections(&budget)
        reviewFiles(&budget)
        while budget > 0, let work = backlog.work.first {
            let end = min(work.chunks.count, work.next + budget)
            for chunk in work.chunks[work.next..<end] { lookAt(chunk, work) }
            budget -= max(1, end - work.next)
            if end < work.chunks.count {
                backlog.work[0].next = end
                continue
            }
            backlog.work.removeFirst()
            if work.cause == .unlisted, !backlog.holds(.unlisted, of: work.server) {
                servers[work.server].lacksListed = false
            }
        }
        sweepChunks(&budget)
        while budget > 0, let slot = backlog.scan {
            let chunk = ChunkHandle(rawValue: slot)
            if chunks.holds(chunk) { review(chunk) }
            backlog.scan = slot + 1 < chunks.end ? slot + 1 : nil
            budget -= 1
        }
    }

    /// Looks at the chunks of servers of which all are to be looked at.
    private mutating func sweepChunks(_ budget: inout Int) {
        var slots = budget * Self.slotsPerChunk
        while slots > 0, !backlog.sweep.isEmpty {
            let chunk = ChunkHandle(rawValue: backlog.sweep.slot)
            if chunks.holds(chunk), lookAt(chunk) { slots -= Self.slotsPerChunk }
            backlog.sweep.advance(chunks.end)
            slots -= 1
            for look in backlog.sweep.takeEnded() where look.cause == .death { noteLooked(at: look.server) }
        }
        budget = max(0, slots / Self.slotsPerChunk)
    }

    /// The leases of what was written over closed connections end soon, unless their writers come back.
    private mutating func leaveClosedConnections(_ budget: inout Int) {
        while budget > 0, let closed = backlog.closed.first {
            let end = min(closed.files.count, closed.next + budget)
            for file in closed.files[closed.next..<end] {
                guard let facts = namespace.facts(file), case .writing(let lease) = facts.phase,
                    lease.connection == closed.connection
                else { continue }
                switch facts.writer {
                case .swift: namespace.setPhase(.writing(detachedLease(keptFor: facts.keepSeconds)), of: file)
                case .go: settle(file)
                }
            }
            budget -= max(1, end - closed.next)
            if end == closed.files.count { backlog.closed.removeFirst() } else { backlog.closed[0].next = end }
        }
    }

    /// Reviews all chunks of files; those that are gone meanwhile need none.
    private mutating func reviewFiles(_ budget: inout Int) {
        while budget > 0, let (file, start) = backlog.reviewed ?? backlog.files.popFirst().map({ ($0, 0) }) {
            let count = namespace.facts(file)?.chunkCount ?? 0
            let end = max(start, min(count, start + budget))
            for chunk in (start..<end).compactMap({ namespace.chunk($0, of: file) }) { review(chunk) }
            budget -= max(1, end - start)
            backlog.reviewed = end < count ? (file, end) : nil
        }
    }

    /// Does what the sweep is there for.
    ///
    /// - Returns: `false` where it is not there for this chunk.
    private mutating func lookAt(_ chunk: ChunkHandle) -> Bool {
        var found: Sweep.Causes = []
        for replica in chunks[chunk].replicas {
            var causes = backlog.sweep.causes(of: replica.server)
            if servers[replica.server].isAlive { causes.remove(.death) }
            if causes.contains(.death) { leaveDead(chunk, on: replica.server) }
            // What is not proven at all is waited for: there are few of these.
            if causes.contains(.mute), servers[replica.server].isMute, chunks[chunk].digest != nil {
                verification.forget(ProbeKey(chunk: chunk, server: replica.server))
            }
            if !causes.isDisjoint(with: [.returned, .toBeRead]) { considerReading(chunk, on: replica.server) }
            found.formUnion(causes)
        }
        if !found.subtracting(.toBeRead).isEmpty { review(chunk) }
        return !found.isEmpty
    }

    /// Of a server that is dead nothing is read any more.
    private mutating func leaveDead(_ chunk: ChunkHandle, on server: ServerHandle) {
        let key = ProbeKey(chunk: chunk, server: server)
        if chunks[chunk].digest == nil, verification.probe(key)?.finding == .absent {
            // It was asked after its writer had gone, and had nothing: it need not be waited for.
            removeReplica(of: chunk, on: server)
        }
        verification.forget(key)
    }

    private mutating func lookAt(_ chunk: ChunkHandle, _ work: Backlog.Work) {
        let server = work.server
        guard chunks.holds(chunk), let replica = chunks[chunk].replica(on: server) else { return }
        switch work.cause {
        case .unlisted:
            // A report that has come since says itself what it lacks.
            if replica.listNumber != work.listNumber, servers[server].listNumber == work.listNumber {
                noteUnlisted(chunk, on: server)
            }
        case .absent:
            guard let since = servers[server].missingSince[chunk], now - since > policy.absenceInterval,
                servers[server].listNumber == work.listNumber
            else { return }
            effects.append(.log(.replicaLost(id(of: chunk), servers[server].address)))
            removeReplica(of: chunk, on: server)
            review(chunk)
        }
    }
}
