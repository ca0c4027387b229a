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
        var replication: ReplicationTasks
        var breaker: DeletionBreaker
        /// Deletions to carry out.
        var deletions: Set<ChunkID> = []
        /// Deletions held by the breaker.
        var held: Set<ChunkID> = []
    }

    let state: Mutex<State>
    let changes: ChangeSignal
    let logger: Logger
    private let clock = SystemClock()

    init(
        replicationLimits: ReplicationTasks.Limits, breakerLimits: DeletionBreaker.Limits, changes: ChangeSignal,
        logger: Logger
    ) {
        state = Mutex(
            State(replication: ReplicationTasks(replicationLimits), breaker: DeletionBreaker(breakerLimits)))
        self.changes = changes
        self.logger = logger
    }

    /// Takes the orders of a heartbeat response, whether or not it answers a heartbeat. Never waits.
    func accept(_ response: HeartbeatResponse) {
        for task in response.replicationTasks {
            do {
                try accept(task)
            } catch {
                logger.warning("replication task refused", metadata: ["chunk": "\(task.chunkID)", "error": "\(error)"])
            }
        }
        for task in response.deleteTasks {
            do {
                try accept(task)
            } catch {
                logger.warning("delete task refused", metadata: ["chunk": "\(task.chunkID)", "error": "\(error)"])
            }
        }
    }

    private func accept(_ task: ReplicationTask) throws(DFSError) {
        let copy = ReplicationTasks.Task(
            chunk: try ChunkID(task.chunkID), target: try ServerAddress(task.targetAddress))
        switch state.withLock({ $0.replication.submit(copy, now: clock.now) }) {
        case .accepted: changes.replication.ring()
        case .duplicate: break
        case .refused: throw DFSError(.resourceExhausted, "too many replication tasks wait")
        }
    }

    private func accept(_ task: DeleteTask) throws(DFSError) {
        let id = try ChunkID(task.chunkID)
        try state.withLock { (state) throws(DFSError) in
            if state.held.contains(id) { return }
            guard state.deletions.count + state.held.count < Self.maxDeletions else {
                throw DFSError(.resourceExhausted, "too many delete tasks wait")
            }
            state.deletions.insert(id)
        }
        changes.deletion.ring()
    }
}
