import DFSCore

/// The master: every decision it makes, without I/O, clock or chance.
///
/// Inputs come in one at a time, effects go out in order; the same inputs, times and seed give the same effects. The
/// rules live beside their concerns, in extensions: `Servers/` (liveness, lists), `Namespace/` (uploads, reading),
/// `Repair/`, `Verification/` and `Collection/`.
package struct MasterState: Sendable {
    let policy: ClusterPolicy
    let startedAt: MonotonicInstant
    var now: MonotonicInstant
    var random: SeededGenerator

    var namespace = Namespace()
    var chunks = ChunkTable()
    var servers = ServerTable()
    var tombstones: Tombstones
    var repair = RepairQueue()
    var verification = Verification()
    var closedConnections = RecentConnections()

    /// Gathered during a step.
    var effects: [Effect] = []
    var outbox = Outbox()

    /// A master that begins with what the store holds and knows of no server yet.
    package init(policy: ClusterPolicy, image: MetadataImage, seed: UInt64, now: MonotonicInstant) {
        self.policy = policy
        self.now = now
        startedAt = now
        random = SeededGenerator(seed: seed)
        tombstones = Tombstones(image.tombstones)
        for record in image.files { restore(record) }
    }

    /// Whether servers that are well may still be unheard of: they all come within the time after which they count as
    /// dead.
    var isStarting: Bool { now - startedAt <= policy.liveThreshold }

    /// Takes one input and tells what follows from it.
    ///
    /// - Parameter now: when it happened; a time before the last one counts as the last one.
    package mutating func step(_ input: Input, now: MonotonicInstant) -> [Effect] {
        self.now = max(self.now, now)
        handle(input)
        dispatchCopies()
        dispatchReads()
        effects.append(contentsOf: outbox.drain())
        defer { effects.removeAll(keepingCapacity: true) }
        return effects
    }

    private mutating func handle(_ input: Input) {
        switch input {
        case .tick: tick()
        case .register(let report, let call): register(report, call)
        case .heartbeat(let report, let stream): heartbeat(report, stream)
        case .heartbeatStreamEnded(let address, let stream): heartbeatStreamEnded(address, stream)
        case .described(let address, let kind, let nodeID): described(address, kind, nodeID: nodeID)
        case .report(let report, let call): take(report, call)
        case .readBack(let chunk, let address, let finding): conclude(chunk, address, finding)
        case .create(let name, let replication, let connection, let call):
            answer(call) { state throws(DFSError) in try state.create(name, replication, connection) }
        case .allocate(let request, let call):
            answer(call) { state throws(DFSError) in try state.allocate(request) }
        case .complete(let request, let call):
            answer(call) { state throws(DFSError) in try state.complete(request) }
        case .abandon(let upload, let call):
            answer(call) { state throws(DFSError) in try state.giveUp(upload) }
        case .open(let name, let connection, let call):
            answer(call) { state throws(DFSError) in try state.open(name, connection) }
        case .fileInfo(let name, let connection, let call):
            answer(call) { state throws(DFSError) in try state.fileInfo(name, connection) }
        case .connectionClosed(let connection): connectionClosed(connection)
        }
    }

    private mutating func tick() {
        findDeadServers()
        expireLeases()
        reviewSettlingFiles()
        expireCopies()
        releaseHeldRepairs()
        repair.retry(256)
        verification.wake(now: now)
    }

    /// Answers `call` with what `body` returns or throws.
    private mutating func answer(
        _ call: CallToken, _ body: (inout MasterState) throws(DFSError) -> Answer
    ) {
        do {
            let answer = try body(&self)
            effects.append(.answer(call, .success(answer)))
        } catch {
            effects.append(.answer(call, .failure(error)))
        }
    }

    /// Enters a file as the store holds it.
    private mutating func restore(_ record: FileRecord) {
        let phase: FileEntry.Phase =
            record.isSealed ? .sealed : .writing(.detached(until: now + policy.restartLease))
        var entry = FileEntry(header: record.header, isRecovered: true, phase: phase)
        for chunk in record.chunks {
            let handle = chunks.insert(
                Chunk(
                    id: record.header.chunkID(at: chunk.index), file: record.header.id, index: chunk.index,
                    digest: chunk.digest, isRecovered: true))
            entry.place(handle, at: chunk.index)
            for address in record.isSealed ? [] : chunk.assigned {
                guard let server = servers.enter(address, now: now) else { continue }
                // Dead until it is heard of.
                servers[server].isAlive = false
                addReplica(Replica(server: server, state: .assigned), to: handle)
            }
            if chunk.digest != nil { entry.provenCount += 1 }
        }
        namespace.insert(entry)
    }
}
