import DFSCore

/// The master: every decision it makes, without I/O, clock or chance.
///
/// Inputs come in one at a time, effects go out in order; the same inputs, times and seed give the same effects. The
/// rules live beside their concerns, in extensions: `Servers/` (liveness, lists), `Namespace/` (uploads, reading),
/// `Repair/`, `Losses/` (servers that died), `Verification/` and `Collection/`.
package struct MasterState: Sendable {
    let policy: ClusterPolicy
    /// When it began to wait for its servers: at the start, later by the time that it stood still since.
    var startedAt: MonotonicInstant
    var now: MonotonicInstant
    /// When it was last at work for sure: at the last tick, or when it found that it had stood still.
    var listenedAt: MonotonicInstant
    /// Before this time no lease ends that no connection holds.
    var leasesHeldUntil: MonotonicInstant
    var random: SeededGenerator

    var namespace = Namespace()
    var chunks = ChunkTable()
    var servers = ServerTable()
    var reports = ReportCounts()
    var tombstones = Tombstones()
    var periods = UsePeriods()
    var repair: RepairQueue
    var losses = Losses()
    /// Files that somebody reads: of chunks that are equally near to being lost, theirs are repaired first.
    var reads = RecentReads()
    /// By file; of open uploads of Go clients only.
    var forwarding: [FileID: Forwarding] = [:]
    /// Files that somebody appends to, and open chunks.
    var appends: [FileID: AppendedFile] = [:]
    /// Servers whose answers to the order to seal a chunk are still to come, though it is sealed: until then nobody copies it.
    var seals: [ChunkHandle: Set<ServerAddress>] = [:]
    /// Servers that may have a shorter or older beginning of a chunk that was sealed without them.
    var staleReplicas: [ChunkHandle: Set<ServerHandle>] = [:]
    /// These chunks, in the order in which they are looked at.
    var staleChunks = WorkQueue<ChunkHandle>()
    /// When, and by which streams, servers were told to delete these.
    var staleOrders: [ProbeKey: (stream: StreamToken, at: MonotonicInstant)] = [:]
    var verification = Verification()
    var suspects = Suspects()
    var rereading = Rereading()
    var surplus = SurplusChecks()
    var backlog = Backlog()
    var safeMode = SafeMode()
    var healths = HealthCounts()
    var withdrawn = Withdrawn()
    var balance = Balance()
    /// The connections that closed last, so that a call which was still on its way when its connection closed does not hold
    /// a lease over it for ever.
    var closedConnections = RecentSet<ConnectionToken>(limit: 4096)
    /// The changes that were carried out last, by the ids that their clients gave them: a client whose answer was lost asks
    /// again, and must not find its own change in its way.
    var requests = RecentRequests()
    /// What was removed, by id; the nodes stand in ``FolderID/trash``.
    var trash: [PathPart: TrashRecord] = [:]
    /// The id of the last removal; ids go up, whatever the clock does.
    var lastTrashID: PathPart?
    /// What was removed up to this id is to be deleted for good.
    var purgedThrough: PathPart?
    /// What is to be deleted for good, in order, and what of it is half gone.
    var purging = WorkQueue<PathPart>()
    var beingPurged: PathPart?
    /// Up to where the trash was searched for it; `nil` where the search begins anew.
    var purgeCursor: PathPart?
    /// Whether the last search found some and was not at its end.
    var hasMorePurges = false
    /// The id of the file that was begun last, or one above all that a store's periods can have; ids that masters of older
    /// versions drew at random may be higher.
    var lastFileID: UInt64 = 0
    /// The calendar, in seconds since 1970; for what people see and for the trash, never for liveness.
    var wallSeconds: UInt64 = 0
    /// The calendar at the first input, and when that was.
    private var calendarStart: (wallSeconds: UInt64, at: MonotonicInstant)?
    /// By how much the calendar is ahead of the time that has passed, and since when it is.
    private var calendarLead: (seconds: UInt64, since: MonotonicInstant)?

    /// Gathered during a step.
    var effects: [Effect] = []
    var outbox = Outbox()

    /// A master that knows nothing yet; ``MasterRecovery`` makes one from a store.
    init(policy: ClusterPolicy, seed: UInt64, now: MonotonicInstant) {
        self.policy = policy
        repair = RepairQueue(limits: policy.repairLimits)
        self.now = now
        startedAt = now
        listenedAt = now
        leasesHeldUntil = now
        random = SeededGenerator(seed: seed)
    }

    /// The calendar as far as time has really passed since the start: what is aged by it is not aged by a clock that jumps ahead.
    var passedWallSeconds: UInt64 {
        guard let start = calendarStart else { return wallSeconds }
        return min(wallSeconds, start.wallSeconds + UInt64((now - start.at).components.seconds))
    }

    /// Believes a calendar that stays as far ahead as it is for as long as the trash keeps things, as where the clock was wrong at
    /// the start: what was removed before that has been there for its time by any clock.
    private mutating func reviewCalendar() {
        let lead = wallSeconds - passedWallSeconds
        guard lead > 1 else {
            calendarLead = nil
            return
        }
        guard let known = calendarLead, lead <= known.seconds + 1 else {
            calendarLead = (lead, now)
            return
        }
        guard now - known.since >= policy.trashRetention else { return }
        calendarStart?.wallSeconds += lead
        calendarLead = nil
    }

    /// Files that are complete or being written.
    package var fileCount: Int { namespace.fileCount }

    /// Whether ``Input/goOn`` should be given, as soon as nothing else waits.
    package var hasBacklog: Bool { !backlog.isEmpty || !effects.isEmpty || hasPurges }

    /// Whether servers that are well may still be unheard of: they all come within the time after which they count as
    /// dead, or the master is in safe mode.
    var isStarting: Bool { safeMode.isOn || now - startedAt <= policy.liveThreshold }

    /// Takes one input and tells what follows from it.
    ///
    /// - Parameters:
    ///   - now: when it happened; a time before the last one counts as the last one.
    ///   - wallSeconds: the calendar's time, in seconds since 1970; it may jump.
    package mutating func step(_ input: Input, now: MonotonicInstant, wallSeconds: UInt64) -> [Effect] {
        self.now = max(self.now, now)
        self.wallSeconds = wallSeconds
        calendarStart = calendarStart ?? (wallSeconds, self.now)
        noteStandstill()
        reviewSafeMode()
        handle(input)
        reviewSafeMode()
        workOffBacklog(Self.countPerStep)
        dispatchCopies()
        dispatchReads()
        dispatchSurplusReads()
        effects.append(contentsOf: outbox.drain())
        defer { effects.removeAll(keepingCapacity: true) }
        return effects
    }

    /// Takes a question that changes nothing, as a rule, and answers it without further effects.
    ///
    /// - Returns: `nil` where it brought something about, which leaves with the next step: ask again in that case.
    package mutating func answerAtOnce(
        _ question: Input, now: MonotonicInstant, wallSeconds: UInt64
    ) -> Result<Answer, DFSError>? {
        self.now = max(self.now, now)
        self.wallSeconds = wallSeconds
        handle(question)
        guard case .answer(_, let answer) = effects.popLast() else { return nil }
        return effects.isEmpty ? answer : nil
    }

    /// What time brings about, second by second.
    mutating func tick() {
        listenedAt = now
        reviewCalendar()
        findDeadServers()
        expireLeases()
        purgeTrash(Self.maxPurgesPerTick)
        forgetTombstones()
        forgetRequests()
        collectOrphans()
        reviewSettlingFiles()
        reviewGrace()
        reviewStorm()
        expireCopies()
        releaseHeldRepairs()
        retryCopies()
        rereadCopies()
        verification.wake(now: now)
        reviewSurplus()
        reviewAppends()
        reviewMaintenance()
        reviewWithdrawals()
        balanceServers()
    }

    /// Enters a file as the store holds it.
    ///
    /// - Returns: `false` where its id or its place is taken, or its folder is missing.
    mutating func restore(_ record: FileRecord) -> Bool {
        let phase: FileEntry.Phase =
            record.isSealed
            ? .sealed
            : .writing(.detached(until: now + max(policy.restartLease, keepTime(record.header.keepSeconds))))
        var entry = FileEntry(header: record.header, place: record.place, isRecovered: true, phase: phase)
        entry.sealedAt = record.sealedAt ?? 0
        entry.length = record.isSealed ? record.chunks.reduce(0) { $0 + ($1.digest?.length ?? 0) } : 0
        for chunk in record.settledChunks {
            let handle = chunks.insert(
                Chunk(file: record.header.id, index: chunk.index, digest: chunk.digest, isRecovered: true))
            entry.place(handle, at: chunk.index)
            for address in record.isSealed ? [] : chunk.assigned {
                guard let server = servers.enter(address, now: now) else { continue }
                // Dead until it is heard of.
                servers[server].isAlive = false
                addReplica(Replica(server: server, state: .assigned), to: handle)
            }
            if chunk.digest != nil { entry.provenCount += 1 }
            guard record.isSealed else { continue }
            let stale = chunk.assigned.compactMap { servers.enter($0, now: now) }
            for server in stale { servers[server].isAlive = false }
            if !stale.isEmpty {
                staleReplicas[handle] = Set(stale)
                staleChunks.append(handle)
            }
            chunks[handle].isUnheard = true
            noteHealth(of: handle, as: .missing)
            safeMode.total += 1
            safeMode.unheard += 1
        }
        if let open = record.openChunk {
            // Those that never come back can be taken out of service.
            for server in open.assigned.compactMap({ servers.enter($0, now: now) }) { servers[server].isAlive = false }
            appends[record.header.id] = AppendedFile(
                chunk: OpenChunk(
                    id: record.header.chunkID(at: open.index), index: open.index, version: open.version,
                    servers: open.assigned, former: Set(open.former),
                    phase: open.assigned.isEmpty ? .vacant : .open(leaseEnd: now + policy.appendLeaseOfMaster),
                    wasGranted: true, isUnconfirmed: true))
        }
        return namespace.insert(entry)
    }

    // The ids of chunks are made of what the namespace knows.

    /// The id of a chunk whose handle is in use.
    func id(of chunk: ChunkHandle) -> ChunkID {
        guard let id = namespace.chunkIDs(of: chunks[chunk].file)?[chunks[chunk].index] else {
            preconditionFailure("a chunk's file is there as long as the chunk")
        }
        return id
    }

    /// The chunk that has just this id.
    func chunk(named id: ChunkID) -> ChunkHandle? {
        guard let file = FileID(in: id), let index = id.index, let handle = namespace.chunk(index, of: file),
            namespace.chunkIDs(of: file)?[index] == id
        else { return nil }
        return handle
    }
}
