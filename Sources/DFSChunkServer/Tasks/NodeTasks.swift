import DFSChunkStore
import DFSCore
import DFSServices
import DFSWire
import Logging
import Synchronization

/// The master's orders: takes them as they come, each once, and has them carried out.
final class NodeTasks: Sendable {
    /// Deletions that wait or are held; more are refused, and the master repeats them.
    private static let maxDeletions = 100_000

    struct State {
        /// When the last uploads of chunks began or ended.
        var uploads = RecentUploads()
        var replication: ReplicationTasks
        var breaker: DeletionBreaker
        /// Deletions to carry out.
        var deletions: [ChunkID: DeletionOrder] = [:]
        /// Deletions held by the breaker.
        var held: [ChunkID: DeletionOrder] = [:]
        /// Those of `deletions` that the breaker held before an operator released them, or has let pass: it is not asked again.
        var released: Set<ChunkID> = []
    }

    let state: Mutex<State>
    let changes: ChangeSignal
    let logger: Logger
    let clock: any MonotonicClock
    private let settlingTime: Duration

    /// - Parameter settlingTime: after an upload of a chunk, a Go master's wish for a copy of it is left to its repetition
    ///   for this long.
    init(
        replicationLimits: ReplicationTasks.Limits, breakerLimits: DeletionBreaker.Limits, settlingTime: Duration,
        changes: ChangeSignal, logger: Logger, clock: any MonotonicClock = SystemClock()
    ) {
        self.clock = clock
        self.settlingTime = settlingTime
        state = Mutex(
            State(replication: ReplicationTasks(replicationLimits), breaker: DeletionBreaker(breakerLimits)))
        self.changes = changes
        self.logger = logger
    }

    /// What waits to be carried out, and what is held.
    var counts: (copies: Int, deletions: Int, held: Int) {
        state.withLock { ($0.replication.waitingCount, $0.deletions.count, $0.held.count) }
    }

    /// Whether nothing is begun any more.
    var isStopping: Bool { state.withLock { $0.replication.isClosed } }

    /// An upload of a chunk has begun or ended here: what waits for that is carried out.
    func noteUpload(_ id: ChunkID) {
        let now = clock.now
        let (copies, deletions) = state.withLock { state in
            state.uploads.note(id, at: now, keepingFor: settlingTime)
            return (state.replication.waitingCount > 0, !state.deletions.isEmpty)
        }
        if copies { changes.replication.ring() }
        if deletions { changes.deletion.ring() }
    }

    /// Takes the orders of a heartbeat response, whether or not it answers a heartbeat. Never waits.
    func accept(_ response: HeartbeatResponse, fromGoMaster: Bool) {
        accept(copies: response.replicationTasks, deletions: response.deleteTasks, fromGoMaster: fromGoMaster)
    }

    func accept(copies: [ReplicationTask], deletions: [DeleteTask], fromGoMaster: Bool) {
        for task in copies {
            do {
                try accept(task, fromGoMaster: fromGoMaster)
            } catch {
                logger.warning("replication task refused", metadata: ["chunk": "\(task.chunkID)", "error": "\(error)"])
            }
        }
        for task in deletions {
            do {
                try accept(task, fromGoMaster ? .doubtful : .certain)
            } catch {
                logger.warning("delete task refused", metadata: ["chunk": "\(task.chunkID)", "error": "\(error)"])
            }
        }
    }

    /// A Go master wants a copy as soon as one list lacks the chunk, which may be just on its way to the target from the
    /// client; a second upload would cut the file that a Go target has already acknowledged. It repeats what it really
    /// wants.
    private func accept(_ task: ReplicationTask, fromGoMaster: Bool) throws(DFSError) {
        let copy = ReplicationTasks.Task(
            chunk: try ChunkID(task.chunkID), target: try ServerAddress(task.targetAddress))
        if fromGoMaster, let uploadedAt = state.withLock({ $0.uploads[copy.chunk] }),
            clock.now < uploadedAt + settlingTime
        {
            return
        }
        switch state.withLock({ $0.replication.submit(copy, now: clock.now, isRepeater: fromGoMaster) }) {
        case .accepted: changes.replication.ring()
        case .duplicate: break
        case .refused where state.withLock({ $0.replication.isClosed }): break
        case .refused: throw DFSError(.resourceExhausted, "too many replication tasks wait")
        }
    }

    /// Begins no copy any more: the node stops. A Swift master takes those that were not begun back when the heartbeat
    /// stream ends in order; a Go master repeats what it wants.
    func handBackCopies() {
        let count = state.withLock { $0.replication.close() }
        if count > 0 { logger.info("copies not begun are left to the master", metadata: ["count": "\(count)"]) }
        changes.replication.ring()
    }

    /// A deletion that failed is tried again.
    func keep(_ id: ChunkID, _ order: DeletionOrder) {
        state.withLock { state in
            state.deletions[id] = order
            state.released.insert(id)
        }
    }

    /// A session with a Swift master begins, which may not know what was ordered before: it counts what it is told of, and gives
    /// its orders again. Those of open chunks, of which it is not told, stay.
    ///
    /// - Parameter isOpen: may ask the catalog, whose lock others hold when they take that of the tasks: it is called without.
    func forgetOrders(but isOpen: (ChunkID) -> Bool) {
        let certain = state.withLock { state in
            state.deletions.filter { $0.value.ground == .certain }.map(\.key)
                + state.held.filter { $0.value.ground == .certain }.map(\.key)
        }
        let forgotten = certain.filter { !isOpen($0) }
        state.withLock { state in
            for id in forgotten {
                state.deletions[id] = nil
                state.held[id] = nil
                state.released.remove(id)
            }
        }
    }

    /// An order that repeats one does not make it more certain, but stands for longer.
    private func accept(_ task: DeleteTask, _ ground: DeletionGround) throws(DFSError) {
        let id = try ChunkID(task.chunkID)
        try state.withLock { (state) throws(DFSError) in
            let now = clock.now
            state.held[id]?.givenAt = now
            state.deletions[id]?.givenAt = now
            if state.held[id] != nil || state.deletions[id] != nil { return }
            guard state.deletions.count + state.held.count < Self.maxDeletions else {
                throw DFSError(.resourceExhausted, "too many delete tasks wait")
            }
            state.deletions[id] = DeletionOrder(ground, givenAt: now)
        }
        changes.deletion.ring()
    }
}
