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
package final class MetadataManager: Sendable {
    private let store: any MetadataStore
    private let clock: any MonotonicClock
    private let thread: NIOThreadPool
    private let perform: @Sendable (Effect) -> Void
    /// Touched by the draining thread only, one drain at a time.
    private let state: Mutex<MasterState>
    private let inbox = Mutex(Inbox())

    /// - Parameter perform: takes every effect that is neither a change nor an answer, in order, once it may leave; must
    ///   not block.
    package init(
        state: MasterState, store: any MetadataStore, clock: any MonotonicClock,
        perform: @escaping @Sendable (Effect) -> Void
    ) {
        self.state = Mutex(state)
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

    /// Decides what is waiting, refuses what comes after, and closes the store.
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
            if inputs.isEmpty { return }
            let effects = state.withLock { state in
                inputs.flatMap { state.step($0, now: clock.now, wallSeconds: UInt64(WallSeconds.now())) }
            }
            release(effects)
        }
    }

    /// Makes the changes durable, then lets everything else out in order.
    private func release(_ effects: [Effect]) {
        let batch = effects.compactMap { if case .persist(let mutation) = $0 { mutation } else { nil } }
        do {
            try store.append(batch)
        } catch {
            fail(error)
            return
        }
        for effect in effects {
            switch effect {
            case .persist: continue
            case .answer(let call, let result):
                inbox.withLock { $0.caller(call) }?.resume(with: result.mapError { $0 as any Error })
            case .heartbeatResponse, .describe, .readBack, .log: perform(effect)
            }
        }
    }

    private func fail(_ cause: DFSError) {
        let error = DFSError(.unavailable, "the master cannot keep its metadata and stops: \(cause)")
        let (waiting, onFailure) = inbox.withLock { ($0.fail(cause), $0.onFailure) }
        for call in waiting { call.resume(throwing: error) }
        onFailure?(cause)
    }
}
