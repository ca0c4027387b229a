import DFSCore

/// Chunks with too few copies, and the copies under way.
struct RepairQueue: Sendable {
    /// Chunks that wait for copies.
    var waiting = RiskQueue<ChunkHandle>()
    private var tasks: [ChunkHandle: [CopyTask]] = [:]
    /// Chunks read from the store are not copied before their servers had time to come back.
    enum Holding: Sendable {
        case allChunks
        /// Those with two live copies.
        case safeChunks
        case nothing
    }

    var holding = Holding.allChunks
    var progress = RepairProgress()
    /// What operators allow.
    var limits: RepairLimits
    /// Spent by all copies.
    var budget = ByteBudget()
    /// Copies on their way that are not late, and what they carry.
    private(set) var running: (copies: Int, bytes: UInt64) = (0, 0)

    init(limits: RepairLimits) { self.limits = limits }

    /// Chunks with a copy under way, in a fixed order.
    var chunksBeingCopied: [ChunkHandle] { tasks.keys.sorted() }

    /// How many chunks have a copy under way.
    var copyCount: Int { tasks.count }

    /// Whether the cluster may begin one more copy.
    func mayBegin(now: MonotonicInstant) -> Bool {
        (limits.copies == 0 || running.copies < limits.copies) && budget.isOpen(limits.bytesPerSecond, now: now)
    }

    /// Looks again at up to `count` of the chunks that wait in `place`, the most urgent first.
    mutating func wake(_ place: WaitingPlace, _ count: Int) {
        for _ in 0..<count {
            guard let (chunk, risk) = waiting.popFirst(in: place) else { return }
            waiting.put(chunk, risk, in: .ready)
        }
    }

    /// Looks again at up to `count` of each risk of those that no server could take: what is most urgent and hopeless must not
    /// keep the others waiting.
    mutating func wakeAside(_ count: Int) {
        for risk in Risk.all {
            for _ in 0..<count {
                guard let (chunk, risk) = waiting.popFirst(in: .aside, within: risk...risk) else { break }
                waiting.put(chunk, risk, in: .ready)
            }
        }
    }

    func copies(of chunk: ChunkHandle) -> [CopyTask] { tasks[chunk] ?? [] }

    /// Whether a copy that is not late is on its way to `server`.
    func isCopying(_ chunk: ChunkHandle, to server: ServerHandle) -> Bool {
        copies(of: chunk).contains { $0.target == server && !$0.isLate }
    }

    /// Copies on their way that may still arrive in time.
    func arriving(_ chunk: ChunkHandle) -> Int {
        copies(of: chunk).count { !$0.isLate }
    }

    mutating func add(_ task: CopyTask, of chunk: ChunkHandle, now: MonotonicInstant) {
        tasks[chunk, default: []].append(task)
        running = (running.copies + 1, running.bytes + task.bytes)
        budget.take(task.bytes, limits.bytesPerSecond, now: now)
    }

    /// Takes out the tasks that `isEnded` names; returns them, late ones too.
    mutating func end(_ chunk: ChunkHandle, where isEnded: (CopyTask) -> Bool) -> [CopyTask] {
        guard let all = tasks[chunk] else { return [] }
        let ended = all.filter(isEnded)
        let rest = all.filter { !isEnded($0) }
        tasks[chunk] = rest.isEmpty ? nil : rest
        for task in ended where !task.isLate { stopCounting(task) }
        return ended
    }

    /// Marks overdue tasks as late, and forgets them when they are surely over and were late for `grace`: until then other
    /// servers are preferred.
    ///
    /// - Returns: those that just became late, and those that are forgotten.
    mutating func expire(
        _ chunk: ChunkHandle, now: MonotonicInstant, grace: Duration
    ) -> (late: [CopyTask], forgotten: [CopyTask]) {
        var (late, forgotten, rest) = ([CopyTask](), [CopyTask](), [CopyTask]())
        for var task in copies(of: chunk) {
            if !task.isLate, task.lateAt <= now {
                stopCounting(task)
                late.append(task)
                task.isLate = true
            }
            if task.isLate, max(task.overAt, task.lateAt + grace) <= now {
                forgotten.append(task)
            } else {
                rest.append(task)
            }
        }
        tasks[chunk] = rest.isEmpty ? nil : rest
        return (late, forgotten)
    }

    private mutating func stopCounting(_ task: CopyTask) {
        running = (running.copies - 1, running.bytes - task.bytes)
    }
}
