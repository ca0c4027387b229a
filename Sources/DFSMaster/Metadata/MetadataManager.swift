import DFSCore
import DFSFiles
import DFSMetadata
import NIOPosix
import Synchronization

/// Owns the master's state: takes inputs from any thread, decides them one by one on a thread of its own, makes the
/// changes durable there, and only then lets the effects out.
///
/// While one batch is being synced, the inputs that come in wait and share the next one (group commit). A store that
/// cannot be written ends the master: its state is ahead of what is durable, and only a restart brings both together.
///
/// Questions that change nothing are answered on the thread that asks, while the manager's own is at rest: then all that
/// was decided is durable, and nobody is told of what a crash could take back.
package final class MetadataManager: Sendable {
    private let store: any MetadataStore
    private let clock: any MonotonicClock
    private let thread: NIOThreadPool
    private let perform: @Sendable (Effect) -> Void
    private let decisions: Mutex<Decisions>
    /// Whether the manager's thread has the lock of ``decisions``, and whether a thread that answers a question has it. Both are
    /// hints: a look at them costs nothing, and a try for a lock that another thread has is a system call.
    private let isDeciding = Atomic(false)
    private let isAnswering = Atomic(false)
    private let inbox = Mutex(Inbox())

    private struct Decisions {
        var state: MasterState
        /// Whether effects of what was decided are still to leave. Only the manager's thread decides then.
        var isReleasing = false
    }

    /// So many inputs share a batch, so that none waits long for those before it.
    private static let maxBatchCount = 1024
    /// So often a question looks whether the state is free: some ten microseconds, in which a few others are answered.
    private static let maxLooks = 10_000
    /// So many of them may find the manager's thread deciding: its batch may take long, and is mostly followed by a sync.
    private static let maxLooksAtDeciding = 300
    /// So often it tries for the state, since it may find itself forestalled.
    private static let maxLockTries = 100

    /// - Parameter perform: takes every effect that is neither a change nor an answer, in order, once it may leave; must
    ///   not block.
    package init(
        state: MasterState, store: any MetadataStore, clock: any MonotonicClock,
        perform: @escaping @Sendable (Effect) -> Void
    ) {
        decisions = Mutex(Decisions(state: state))
        self.store = store
        self.clock = clock
        self.perform = perform
        thread = NIOThreadPool(numberOfThreads: 1)
        thread.start()
    }

    /// Tells the state what happened.
    package func post(_ input: Input) {
        if inbox.withLock({ $0.post(input) }) { startDraining() }
    }

    /// Asks for a decision and waits until it is durable.
    ///
    /// - Throws: ``DFSError``.
    package func ask(_ question: @escaping @Sendable (CallToken) -> Input) async throws -> Answer {
        try await withCheckedThrowingContinuation { continuation in
            switch inbox.withLock({ $0.ask(question, continuation) }) {
            case .success(true): startDraining()
            case .success(false): break
            case .failure(let error): continuation.resume(throwing: error)
            }
        }
    }

    /// Asks a question that changes nothing, as a rule: then it is answered at once, unless a change is under way.
    ///
    /// - Throws: ``DFSError``.
    package nonisolated(nonsending) func read(
        _ question: @escaping @Sendable (CallToken) -> Input
    ) async throws -> Answer {
        if let answer = try readAtOnce(question) { return answer }
        return try await ask(question)
    }

    /// ``read(_:)`` without the waiting: `nil` where a change is under way.
    ///
    /// - Throws: ``DFSError``.
    package func readAtOnce(_ question: (CallToken) -> Input) throws -> Answer? {
        try answerAtOnce(question(CallToken(rawValue: 0)))?.get()
    }

    /// `nil` where the manager's thread must decide.
    private func answerAtOnce(_ input: Input) -> Result<Answer, DFSError>? {
        // Another thread that answers a question is done in a moment; the manager's own may take longer.
        var tries = 0
        var looksAtDeciding = 0
        for _ in 0..<Self.maxLooks where tries < Self.maxLockTries {
            if isDeciding.load(ordering: .relaxed) {
                looksAtDeciding += 1
                if looksAtDeciding == Self.maxLooksAtDeciding { return nil }
                continue
            }
            if isAnswering.load(ordering: .relaxed) || isAnswering.exchange(true, ordering: .relaxed) { continue }
            tries += 1
            let answer = decisions.withLockIfAvailable { decisions -> Result<Answer, DFSError>? in
                guard !decisions.isReleasing else { return nil }
                return decisions.state.answerAtOnce(input, now: clock.now, wallSeconds: UInt64(WallSeconds.now()))
            }
            isAnswering.store(false, ordering: .relaxed)
            if let answer { return answer }
        }
        return nil
    }

    /// From now on closed connections are not taken as writers that left.
    package func ignoreConnections() {
        inbox.withLock { $0.ignoresConnections = true }
    }

    /// Waits until the store fails, or the task is cancelled.
    ///
    /// - Returns: the error; `nil` when cancelled.
    package func failure() async -> DFSError? {
        let (errors, continuation) = AsyncStream.makeStream(of: DFSError.self)
        let known = inbox.withLock { inbox in
            inbox.onFailure = { continuation.yield($0) }
            return inbox.failure
        }
        if let known { return known }
        for await error in errors { return error }
        return nil
    }

    /// Decides what is waiting, refuses what comes after, and closes the store. Work that goes on by itself is left to the next
    /// start; where the store has failed, nothing is decided any more.
    package func close() async throws {
        inbox.withLock { $0.close() }
        try? await thread.runIfActive { [self] in drain() }
        let store = store
        try await thread.runIfActive { try store.close() }
        try await thread.shutdownGracefully()
    }

    // MARK: On the manager's thread

    private func startDraining() {
        thread.submit { [self] _ in drain() }
    }

    private func drain() {
        while true {
            let inputs = inbox.withLock { $0.take() }
            for start in stride(from: 0, to: inputs.count, by: Self.maxBatchCount) {
                guard decide(inputs[start..<min(start + Self.maxBatchCount, inputs.count)]) else { return }
            }
            guard inputs.isEmpty else { continue }
            // A batch behind one that failed would be of a state that the store does not have.
            if inbox.withLock({ $0.isClosed }) { return }
            // Nobody waits: there is time for other work, until somebody does.
            guard decisions.withLock({ $0.state.hasBacklog }), decide([.goOn]) else { return }
        }
    }

    /// - Returns: `false` where the store failed.
    private func decide(_ inputs: ArraySlice<Input>) -> Bool {
        isDeciding.store(true, ordering: .relaxed)
        let effects = decisions.withLock { decisions in
            decisions.isReleasing = true
            return inputs.reduce(into: []) { effects, input in
                effects += decisions.state.step(input, now: clock.now, wallSeconds: UInt64(WallSeconds.now()))
            }
        }
        isDeciding.store(false, ordering: .relaxed)
        guard release(effects) else { return false }
        decisions.withLock { $0.isReleasing = false }
        return true
    }

    /// Makes the changes durable, then lets everything else out in order.
    ///
    /// - Returns: `false` where the store failed.
    private func release(_ effects: [Effect]) -> Bool {
        let batch = effects.compactMap { if case .persist(let mutation) = $0 { mutation } else { nil } }
        do {
            try store.append(batch)
        } catch {
            fail(error)
            return false
        }
        for effect in effects {
            switch effect {
            case .persist: continue
            case .answer(let call, let result):
                inbox.withLock { $0.caller(call) }?.resume(with: result.mapError { $0 as any Error })
            case .heartbeatResponse, .describe, .readBack, .fence, .seal, .log: perform(effect)
            }
        }
        return true
    }

    private func fail(_ cause: DFSError) {
        let error = DFSError(.unavailable, "the master cannot keep its metadata and stops: \(cause)")
        let (waiting, onFailure) = inbox.withLock { ($0.fail(cause), $0.onFailure) }
        for call in waiting { call.resume(throwing: error) }
        onFailure?(cause)
    }
}
