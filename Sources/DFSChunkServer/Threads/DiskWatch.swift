import DFSChunkStore
import DFSCore
import Logging
import Synchronization

/// Asks the disk how much room it has, and whether it answers at all, so that no heartbeat waits for a disk that is only busy, and a disk
/// that hangs does not look healthy for ever (docs/decisions/0046).
final class DiskWatch: Sendable {
    /// How long what is waited for.
    struct Limits: Sendable {
        /// A heartbeat waits so long for the answer, and goes without.
        var patience = Duration.seconds(1)
        /// A disk that is silent for so long has no room for new chunks, and the server is not ready.
        var silence = Duration.seconds(60)
        /// One that is silent for so long has no server: no heartbeat is sent until it answers.
        var absence = Duration.seconds(300)
        /// Between two readings of the disk itself. How much room there is the kernel knows by heart, also where the disk hangs.
        var probeInterval = Duration.seconds(10)

        init() {}
    }

    private struct State {
        var freeMiB: Int64
        var failure: DFSError?
        /// When the question that is under way was asked.
        var askedAt: MonotonicInstant?
        var probedAt: MonotonicInstant?
        var waiting: [Bell] = []
        /// Whether the log has told of the silence.
        var isTold = false
    }

    private let store: ChunkStore
    private let threads: DiskThreads
    private let limits: Limits
    private let clock: any MonotonicClock
    private let logger: Logger
    private let state: Mutex<State>

    /// - Parameters:
    ///   - freeMiB: what is told until the disk has answered for the first time.
    ///   - threads: at least one of them may block for as long as the disk does.
    init(
        store: ChunkStore, freeMiB: Int64, threads: DiskThreads, limits: Limits = Limits(),
        clock: any MonotonicClock = SystemClock(), logger: Logger
    ) {
        self.store = store
        self.threads = threads
        self.limits = limits
        self.clock = clock
        self.logger = logger
        state = Mutex(State(freeMiB: freeMiB))
    }

    /// For how long the disk has not answered; zero while it does.
    var silence: Duration {
        let now = clock.now
        let silence = state.withLock { $0.askedAt.map { now - $0 } ?? .zero }
        return silence > limits.patience ? silence : .zero
    }

    /// Whether it is silent for so long that nothing is to be expected of this server.
    var isSilent: Bool { silence >= limits.silence }

    /// MiB that new chunks find room in, as the disk has said last; waits for its answer for no longer than ``Limits/patience``.
    ///
    /// - Throws: what the disk answered with; code ``DFSError/Code/unavailable`` once it has been silent for ``Limits/absence``.
    func freeMiB() async throws(DFSError) -> Int64 {
        let bell = Bell()
        if ask(bell) { await bell.wait(atMost: limits.patience) }
        return try known(bell)
    }

    /// Asks, where no question is under way.
    ///
    /// - Returns: whether `bell` is going to ring at the answer. It is not waited for where that has been tried before.
    private func ask(_ bell: Bell) -> Bool {
        let now = clock.now
        let (isNew, probes, isLate) = state.withLock { state in
            if let asked = state.askedAt, now - asked > limits.patience { return (false, false, true) }
            state.waiting.append(bell)
            if state.askedAt != nil { return (false, false, false) }
            state.askedAt = now
            let probes = state.probedAt.map { now - $0 >= limits.probeInterval } ?? true
            if probes { state.probedAt = now }
            return (true, probes, false)
        }
        if isNew { threads.submit { isActive in self.answer(isActive: isActive, probes: probes) } }
        return !isLate
    }

    private func answer(isActive: Bool, probes: Bool) {
        let answer = Result { () throws(DFSError) in
            guard isActive else { throw DFSError(.unavailable, "the chunk server is stopping") }
            if probes { store.probe() }
            return try store.freeMiB()
        }
        let (bells, wasTold) = state.withLock { state in
            switch answer {
            case .success(let freeMiB): (state.freeMiB, state.failure) = (freeMiB, nil)
            case .failure(let error): state.failure = error
            }
            state.askedAt = nil
            defer { (state.waiting, state.isTold) = ([], false) }
            return (state.waiting, state.isTold)
        }
        for bell in bells { bell.ring() }
        if wasTold { logger.notice("the disk answers again") }
    }

    // Not inlined behind a suspension (docs/decisions/0032).
    @inline(never)
    private func known(_ bell: Bell) throws(DFSError) -> Int64 {
        let silence = silence
        let (freeMiB, failure, isNews) = state.withLock { state in
            state.waiting.removeAll { $0 === bell }
            let isNews = silence >= limits.silence && !state.isTold
            if isNews { state.isTold = true }
            return (state.freeMiB, state.failure, isNews)
        }
        if isNews {
            logger.error(
                "the disk does not answer: no new chunks are taken, and in the end no heartbeats are sent",
                metadata: ["seconds": "\(silence.components.seconds)", "until": "\(limits.absence)"])
        }
        if silence >= limits.absence {
            throw DFSError(
                .unavailable,
                "the disk has not answered for \(silence.components.seconds) s; check it, and the kernel's log")
        }
        if silence >= limits.silence { return 0 }
        if silence == .zero, let failure { throw failure }
        return freeMiB
    }
}
