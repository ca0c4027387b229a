import NIOCore
import Synchronization

/// When the played servers beat: all report first, then each beats once an interval, evenly spread over it.
final class BeatClock: Sendable {
    private struct State {
        var reported = 0
        var waiter: CheckedContinuation<Void, Never>?
        var begin: NIODeadline?
        var starters: [CheckedContinuation<NIODeadline, Never>] = []
    }

    /// In seconds.
    let interval: Double
    let duration: Double
    private let servers: Int
    private let state = Mutex(State())

    init(interval: Double, duration: Double, servers: Int) {
        self.interval = interval
        self.duration = duration
        self.servers = servers
    }

    /// The measurement begins.
    func begin() {
        let now = NIODeadline.now()
        let starters = state.withLock { state in
            state.begin = now
            defer { state.starters = [] }
            return state.starters
        }
        for starter in starters { starter.resume(returning: now) }
    }

    /// Waits until so many servers have told all they hold.
    func waitUntilReported(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let isDone = state.withLock { state in
                if state.reported >= count { return true }
                state.waiter = continuation
                return false
            }
            if isDone { continuation.resume() }
        }
    }

    /// One more server has told all it holds.
    func noteReported() {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.reported += 1
            guard state.reported == servers else { return nil }
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    /// When the measurement began; waits for that.
    func start() async -> NIODeadline {
        await withCheckedContinuation { continuation in
            let begin = state.withLock { state -> NIODeadline? in
                if state.begin == nil { state.starters.append(continuation) }
                return state.begin
            }
            if let begin { continuation.resume(returning: begin) }
        }
    }

    /// The moments at which the server beats, after `start`, in nanoseconds.
    func moments(of server: Int) -> [Int64] {
        let first = interval * Double(server) / Double(servers)
        return stride(from: first, to: duration, by: interval).map { Int64($0 * 1e9) }
    }
}
