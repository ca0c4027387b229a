import DFSCore

/// Which copies a node was told to make, each once however often it is told, and which to make next.
///
/// A Go master repeats a task with every heartbeat until the target lists the chunk, and a copy onto a Go target cuts the
/// file that is already there. So a task is forgotten for a while after it was done, or failed.
package struct ReplicationTasks: Sendable {
    /// One copy to make.
    package struct Task: Hashable, Sendable {
        /// What to copy.
        package let chunk: ChunkID
        /// Where to, as the master wrote it.
        package let target: ServerAddress

        package init(chunk: ChunkID, target: ServerAddress) {
            self.chunk = chunk
            self.target = target
        }
    }

    /// Bounds and pauses.
    package struct Limits: Sendable {
        /// Copies under way at once.
        package var running = 2
        /// Tasks waiting; more are refused, and the master repeats them.
        package var waiting = 10_000
        /// How long after a copy the same one is not made again.
        package var quietAfterSuccess = Duration.seconds(30)
        /// How long after a failure the same copy is not tried again.
        package var quietAfterFailure = Duration.seconds(3)

        package init() {}
    }

    /// What became of a task that the master gave.
    package enum Submission: Sendable, Equatable { case accepted, duplicate, refused }

    /// Whether a chunk can be copied.
    package enum Readiness: Sendable { case ready, beingWritten, absent }

    private let limits: Limits
    private var waiting: [Task] = []
    private var known: Set<Task> = []
    private var running = 0
    /// Tasks that were not begun.
    package var waitingCount: Int { waiting.count }
    /// Whether nothing is begun any more.
    package private(set) var isClosed = false
    private var quietUntil: [Task: MonotonicInstant] = [:]

    package init(_ limits: Limits = Limits()) { self.limits = limits }

    /// The master gave a task.
    package mutating func submit(_ task: Task, now: MonotonicInstant) -> Submission {
        if isClosed { return .refused }
        if known.contains(task) { return .duplicate }
        if let until = quietUntil[task], now < until { return .duplicate }
        if waiting.count >= limits.waiting { return .refused }
        quietUntil[task] = nil
        known.insert(task)
        waiting.append(task)
        return .accepted
    }

    /// The next copy to make now, if any; the caller makes it and then calls ``finish(_:succeeded:now:)``.
    ///
    /// Tasks for chunks still being written wait; those for chunks that are gone are dropped.
    package mutating func next(readiness: (ChunkID) -> Readiness) -> Task? {
        guard running < limits.running else { return nil }
        var index = 0
        while index < waiting.count {
            switch readiness(waiting[index].chunk) {
            case .ready:
                running += 1
                return waiting.remove(at: index)
            case .beingWritten:
                index += 1
            case .absent:
                known.remove(waiting.remove(at: index))
            }
        }
        return nil
    }

    /// Nothing is begun any more: the node stops. What runs goes on.
    ///
    /// - Returns: how many tasks were not begun; they are the master's again.
    package mutating func close() -> Int {
        isClosed = true
        defer { waiting = [] }
        known.subtract(waiting)
        return waiting.count
    }

    /// A copy that ``next(readiness:)`` gave has ended.
    package mutating func finish(_ task: Task, succeeded: Bool, now: MonotonicInstant) {
        precondition(known.remove(task) != nil && running > 0, "a copy of \(task.chunk) ended that never began")
        running -= 1
        quietUntil = quietUntil.filter { now < $0.value }
        quietUntil[task] = now + (succeeded ? limits.quietAfterSuccess : limits.quietAfterFailure)
    }
}
