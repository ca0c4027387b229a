import DFSChunkStore
import DFSCore
import Synchronization

/// The chunks whose bytes are to be compared with their checksums soon, each once, in the order in which they came.
final class Suspicions: Sendable {
    /// More are not kept: the scrubber comes to them, or the next reader.
    static let maxCount = 1000
    /// Calls that wait for a finding.
    static let maxWaiters = 64

    enum Cause: Sendable {
        /// Somebody read wrong bytes, or wants to know.
        case read
        /// The master knows another digest.
        case unwanted
    }

    private struct State {
        var order: [ChunkID] = []
        var causes: [ChunkID: Cause] = [:]
        /// Why the first one is being checked.
        var checkedFor: Cause?
        var waiters: [ChunkID: [CheckedContinuation<CheckFinding, any Error>]] = [:]
        var waiterCount = 0
        var isClosed = false
    }

    private let state = Mutex(State())
    private let bell = Bell()

    /// The chunk is to be checked. Never waits.
    ///
    /// - Returns: whether it is going to be; otherwise too many others are.
    @discardableResult
    func note(_ id: ChunkID, _ cause: Cause = .read) -> Bool {
        let isKnown = state.withLock { state in
            Self.enter(id, cause, &state)
            return state.causes[id] != nil
        }
        bell.ring()
        return isKnown
    }

    /// Has the chunk checked, and waits for what is found.
    ///
    /// - Throws: code ``DFSError/Code/resourceExhausted`` while too many wait already; what the check throws.
    func finding(of id: ChunkID) async throws -> CheckFinding {
        try await withCheckedThrowingContinuation { continuation in
            let refusal = state.withLock { state -> DFSError? in
                if state.isClosed { return Self.stopping }
                if state.waiterCount < Self.maxWaiters { Self.enter(id, .read, &state) }
                guard state.waiterCount < Self.maxWaiters, state.causes[id] != nil else {
                    return DFSError(.resourceExhausted, "too many chunks wait for a check; ask again later")
                }
                state.waiters[id, default: []].append(continuation)
                state.waiterCount += 1
                return nil
            }
            if let refusal { return continuation.resume(throwing: refusal) }
            bell.ring()
        }
    }

    private static func enter(_ id: ChunkID, _ cause: Cause, _ state: inout State) {
        if let known = state.causes[id] {
            if known == .read { state.causes[id] = cause }
            return
        }
        guard state.order.count < maxCount, !state.isClosed else { return }
        state.causes[id] = cause
        state.order.append(id)
    }

    /// The chunk that has waited longest, which stays noted until ``finish(_:_:)``; `nil` when the task is cancelled. For
    /// one task.
    func next() async -> (ChunkID, Cause)? {
        while !Task.isCancelled {
            if let first = begin() { return first }
            await bell.wait()
        }
        return nil
    }

    // Not inlined behind a suspension (docs/decisions/0032).
    @inline(never)
    private func begin() -> (ChunkID, Cause)? {
        state.withLock { state in
            guard let id = state.order.first, let cause = state.causes[id] else { return nil }
            state.checkedFor = cause
            return (id, cause)
        }
    }

    /// What the finding about the first chunk, whose check began for `cause`, is to be weighed for: the master's word may have
    /// come meanwhile.
    @inline(never)
    func causeNow(of id: ChunkID, begunFor cause: Cause) -> Cause {
        state.withLock { state in
            let now = state.causes[id] ?? cause
            state.checkedFor = now
            return now
        }
    }

    /// The first chunk has been checked; whoever waits is told. Where the master's word came meanwhile, it is checked once more for
    /// that: what was found was not weighed against it.
    func finish(_ id: ChunkID, _ result: Result<CheckFinding, any Error>) {
        let waiters = state.withLock { state in
            let isOver = state.isClosed || state.checkedFor == nil || state.causes[id] == state.checkedFor
            state.checkedFor = nil
            if isOver {
                state.order.removeAll { $0 == id }
                state.causes[id] = nil
            }
            let waiters = state.waiters.removeValue(forKey: id) ?? []
            state.waiterCount -= waiters.count
            return waiters
        }
        for waiter in waiters { waiter.resume(with: result) }
    }

    /// Nothing is checked any more; whoever waits is told.
    func close() {
        let ids = state.withLock { state in
            state.isClosed = true
            return state.order
        }
        for id in ids { finish(id, .failure(Self.stopping)) }
    }

    private static let stopping = DFSError(.unavailable, "the chunk server is stopping")
}
