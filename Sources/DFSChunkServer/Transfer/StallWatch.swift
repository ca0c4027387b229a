import DFSCore
import NIOCore
import RPC
import Synchronization

/// Ends a transfer whose peer makes no progress, so that a client that vanished without a word holds no file, memory or
/// reserved space for ever.
///
/// Only the time spent waiting for the peer counts: a slow disk of our own does not make the peer look dead.
final class StallWatch: Sendable {
    private let limit: Duration
    private let clock = SystemClock()
    private let waitingSince = Mutex<MonotonicInstant?>(nil)

    private init(limit: Duration) { self.limit = limit }

    /// Runs `body`, which marks its waits by ``waiting(_:)``.
    ///
    /// - Parameter eventLoop: the call's, whose timers cost less than a task that sleeps: most transfers never see one fire.
    /// - Throws: what `body` throws; code ``DFSError/Code/deadlineExceeded`` when one wait lasted longer than `limit`.
    static func run<Result: Sendable>(
        limit: Duration, on eventLoop: any EventLoop, _ body: @escaping @Sendable (StallWatch) async throws -> Result
    ) async throws -> Result {
        let watch = StallWatch(limit: limit)
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            defer { group.cancelAll() }
            group.addTask { try await body(watch) }
            group.addTask {
                try await watch.watch(eventLoop)
                return nil
            }
            while let ended = try await group.next() {
                if let result = ended { return result }
            }
            throw CancellationError()
        }
    }

    /// Waits for the peer.
    func waiting<Result>(_ body: () async throws -> Result) async throws -> Result {
        mark(clock.now)
        defer { mark(nil) }
        return try await body()
    }

    // Behind a suspension, the lock would be taken by another thread's id if it were inlined (docs/decisions/0032).
    @inline(never)
    private func mark(_ instant: MonotonicInstant?) {
        waitingSince.withLock { $0 = instant }
    }

    /// Throws when a wait has lasted too long, or when the task is cancelled.
    private func watch(_ eventLoop: any EventLoop) async throws {
        let bell = Bell()
        let step = TimeAmount(limit / 4)
        let timer = eventLoop.scheduleRepeatedTask(initialDelay: step, delay: step) { _ in
            if self.hasStalled { bell.ring() }
        }
        defer { timer.cancel() }
        await bell.wait()
        try Task.checkCancellation()
        throw DFSError(.deadlineExceeded, "no progress for \(limit); the transfer is given up")
    }

    private var hasStalled: Bool {
        guard let since = waitingSince.withLock({ $0 }) else { return false }
        return clock.now - since >= limit
    }
}
