import DFSCore

/// Chunks with copies too many: before one of these is deleted, the copies that are to stay are read by their servers
/// (docs/decisions/0042).
///
/// States and moves of a chunk: `waiting` -> `active`, as one of a few, whose copies are being read -> gone, when the order was
/// given or nothing is too much any more; or `active` -> `resting` where a copy could not be read -> `waiting`. Nothing of it is
/// durable: a master that starts finds the copies too many again, and has them read again.
struct SurplusChecks: Sendable {
    /// Chunks whose copies are being read at one time.
    static let maxActive = 64
    /// After so many failures operators are told.
    static let toldFailures = 3
    /// A chunk that waits for a busy server for so long lets others pass.
    static let patience = Duration.seconds(30)

    enum State: Sendable, Equatable {
        case waiting
        case active(since: MonotonicInstant)
        case resting(until: MonotonicInstant)
    }

    private struct Check: Sendable {
        var state = State.waiting
        /// Copies that were read as they should be, and when these reads were begun.
        var sound: [ServerHandle: MonotonicInstant] = [:]
        var failures = 0
    }

    /// A reading under way.
    struct Read: Sendable {
        let chunk: ChunkHandle
        let begunAt: MonotonicInstant
    }

    /// How many chunks there may be on record.
    struct Room {
        let limit: Int
        /// Of the table of chunks: all have to be gone through again when one was refused.
        let slots: UInt32
    }

    /// What an order to delete a copy rests on: it may be repeated while that holds.
    struct Order: Sendable {
        let provenAt: MonotonicInstant
        /// The copies that were found sound.
        let kept: Set<ServerHandle>
    }

    private var checks: [ChunkHandle: Check] = [:]
    private var waiting = WorkQueue<ChunkHandle>()
    /// In the order in which they came to be.
    private(set) var active: [ChunkHandle] = []
    private(set) var reading: [Verification.ReadKey: Read] = [:]
    /// Spent by what each server, and all of them, are told to read.
    var budgets: [ServerHandle: ByteBudget] = [:]
    var budget = ByteBudget()
    /// By copies that were told to be deleted and are still on record.
    private var orders: [ProbeKey: Order] = [:]
    /// Whether there may be something to begin.
    var isAwake = false
    /// Where the search for chunks that had no room here goes on, and how many slots are left of it.
    var scan: (next: UInt32, left: UInt32) = (0, 0)

    /// Chunks on record.
    var count: Int { checks.count }
    var waitingCount: Int { waiting.count }
    /// Those of which a copy that is to stay could not be read again and again.
    var stuckCount: Int { checks.values.count { $0.failures >= Self.toldFailures } }

    func holds(_ chunk: ChunkHandle) -> Bool { checks[chunk] != nil }

    /// Whether reading the copies that are to stay has failed too often to be waited for.
    func isStuck(_ chunk: ChunkHandle) -> Bool { checks[chunk].map { $0.failures >= Self.toldFailures } ?? false }

    // MARK: Chunks

    /// Has the copies of the chunk read that are to stay.
    ///
    /// - Returns: `false` where there is no room for it now; it is found again later.
    @discardableResult
    mutating func want(_ chunk: ChunkHandle, _ room: Room) -> Bool {
        if checks[chunk] != nil { return true }
        guard checks.count < room.limit else {
            scan.left = room.slots
            return false
        }
        checks[chunk] = Check()
        waiting.append(chunk)
        isAwake = true
        return true
    }

    /// Nothing of the chunk is too much any more; or what was has been ordered deleted.
    mutating func forget(_ chunk: ChunkHandle) {
        guard let check = checks.removeValue(forKey: chunk) else { return }
        switch check.state {
        case .waiting: waiting.remove(chunk)
        case .active: active.removeAll { $0 == chunk }
        case .resting: break
        }
        isAwake = true
    }

    mutating func popWaiting() -> ChunkHandle? { waiting.popFirst() }

    mutating func activate(_ chunk: ChunkHandle, now: MonotonicInstant) {
        checks[chunk]?.state = .active(since: now)
        active.append(chunk)
    }

    /// Lets others pass.
    mutating func putBack(_ chunk: ChunkHandle) {
        guard checks[chunk] != nil else { return }
        active.removeAll { $0 == chunk }
        checks[chunk]?.state = .waiting
        waiting.append(chunk)
    }

    /// Once a second: what has rested goes on, and what waits for busy servers lets others pass.
    mutating func wake(now: MonotonicInstant) {
        if checks.isEmpty { return }
        isAwake = true
        let busy = Set(reading.values.map(\.chunk))
        for (chunk, check) in checks.sorted(by: { $0.key < $1.key }) {
            switch check.state {
            case .waiting: continue
            case .active(let since):
                if !waiting.isEmpty, now - since > Self.patience, !busy.contains(chunk) { putBack(chunk) }
            case .resting(let until):
                if until <= now { putBack(chunk) }
            }
        }
    }

    // MARK: Copies

    /// When the reading of the copy began that found it sound last; `nil` where it must be read.
    func soundSince(_ chunk: ChunkHandle, _ server: ServerHandle) -> MonotonicInstant? { checks[chunk]?.sound[server] }

    mutating func noteSound(_ chunk: ChunkHandle, _ server: ServerHandle, since: MonotonicInstant) {
        checks[chunk]?.sound[server] = since
    }

    /// A copy could not be read, or is not what it should be.
    ///
    /// - Returns: how often that has happened to the chunk.
    mutating func noteFailure(_ chunk: ChunkHandle, now: MonotonicInstant) -> Int {
        guard var check = checks[chunk] else { return 0 }
        if case .waiting = check.state { waiting.remove(chunk) }
        active.removeAll { $0 == chunk }
        check.failures += 1
        check.state = .resting(until: now + .seconds(min(60, 5 * check.failures)))
        checks[chunk] = check
        return check.failures
    }

    /// What was found of the copy says nothing of what it is now.
    mutating func forgetSound(_ chunk: ChunkHandle, _ server: ServerHandle) {
        if !checks.isEmpty { checks[chunk]?.sound[server] = nil }
    }

    // MARK: Reads

    /// When the server's present reading began; it has one at a time.
    func readBegan(on server: ServerHandle) -> MonotonicInstant? {
        reading.first { $0.key.server == server }?.value.begunAt
    }

    mutating func begin(_ key: Verification.ReadKey, of chunk: ChunkHandle, now: MonotonicInstant) {
        reading[key] = Read(chunk: chunk, begunAt: now)
    }

    mutating func end(_ key: Verification.ReadKey) -> Read? {
        guard let read = reading.removeValue(forKey: key) else { return nil }
        isAwake = true
        return read
    }

    // MARK: Orders

    func order(_ key: ProbeKey) -> Order? { orders[key] }

    mutating func noteOrder(_ key: ProbeKey, _ order: Order) { orders[key] = order }

    mutating func forgetOrder(_ key: ProbeKey) {
        if !orders.isEmpty { orders[key] = nil }
    }
}
