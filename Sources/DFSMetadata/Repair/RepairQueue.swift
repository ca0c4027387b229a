import DFSCore

/// A copy of a chunk that was ordered from one server to another.
struct CopyTask: Sendable {
    let source: ServerHandle
    let target: ServerHandle
    let orderedAt: MonotonicInstant
    /// When it counts as failed, and another target is sought.
    let lateAt: MonotonicInstant
    /// Until when the source may still start it, so that ordering the same copy again could overwrite a copy that has
    /// arrived: a Go server makes its copies one by one and truncates a chunk it receives twice.
    let overAt: MonotonicInstant
    var isLate = false
}

/// Chunks with too few or too many copies, and the copies under way.
struct RepairQueue: Sendable {
    /// Chunks to look at in this step.
    var queue = WorkQueue<ChunkHandle>()
    /// Chunks for which nothing could be done when they were looked at: no source, no target, or all of them busy.
    private var stuck = WorkQueue<ChunkHandle>()
    private var tasks: [ChunkHandle: [CopyTask]] = [:]
    private var copiesByTarget: [ServerHandle: Int] = [:]
    /// Chunks read from the store are not copied before their servers had time to come back.
    var isHolding = true

    /// How many chunks were set aside.
    var stuckCount: Int { stuck.count }

    /// How many chunks have a copy under way.
    var copyCount: Int { tasks.count }

    /// Chunks with a copy under way, in a fixed order.
    var chunksBeingCopied: [ChunkHandle] { tasks.keys.sorted() }

    /// Sets aside a chunk that cannot be helped now.
    mutating func setAside(_ chunk: ChunkHandle) { stuck.append(chunk) }

    /// Looks again at up to `count` of the chunks that could not be helped, those first that wait longest.
    mutating func retry(_ count: Int) {
        for _ in 0..<count {
            guard let chunk = stuck.popFirst() else { return }
            queue.append(chunk)
        }
    }

    /// Forgets a chunk that is gone.
    mutating func forget(_ chunk: ChunkHandle) {
        queue.remove(chunk)
        stuck.remove(chunk)
    }

    func copies(of chunk: ChunkHandle) -> [CopyTask] { tasks[chunk] ?? [] }

    func copiesTo(_ target: ServerHandle) -> Int { copiesByTarget[target] ?? 0 }

    /// Whether a copy that is not late is on its way to `server`.
    func isCopying(_ chunk: ChunkHandle, to server: ServerHandle) -> Bool {
        copies(of: chunk).contains { $0.target == server && !$0.isLate }
    }

    /// Copies on their way that may still arrive in time.
    func arriving(_ chunk: ChunkHandle) -> Int {
        copies(of: chunk).count { !$0.isLate }
    }

    mutating func add(_ task: CopyTask, of chunk: ChunkHandle) {
        tasks[chunk, default: []].append(task)
        copiesByTarget[task.target, default: 0] += 1
    }

    /// Takes out the tasks that `isEnded` names; returns those that were not late.
    mutating func end(_ chunk: ChunkHandle, where isEnded: (CopyTask) -> Bool) -> [CopyTask] {
        guard let all = tasks[chunk] else { return [] }
        let ended = all.filter(isEnded)
        let rest = all.filter { !isEnded($0) }
        tasks[chunk] = rest.isEmpty ? nil : rest
        let running = ended.filter { !$0.isLate }
        for task in running { copiesByTarget[task.target, default: 1] -= 1 }
        return running
    }

    /// Marks overdue tasks as late, and forgets them when they are surely over and were late for `grace`: until then other
    /// targets are preferred. Returns the ones that just became late.
    mutating func expire(_ chunk: ChunkHandle, now: MonotonicInstant, grace: Duration) -> [CopyTask] {
        var late: [CopyTask] = []
        var rest: [CopyTask] = []
        for var task in copies(of: chunk) {
            if !task.isLate, task.lateAt <= now {
                task.isLate = true
                copiesByTarget[task.target, default: 1] -= 1
                late.append(task)
            }
            if !task.isLate || max(task.overAt, task.lateAt + grace) > now { rest.append(task) }
        }
        tasks[chunk] = rest.isEmpty ? nil : rest
        return late
    }
}
