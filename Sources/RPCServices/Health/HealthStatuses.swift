import DFSWire
import Synchronization

/// How a server and each of its services are, and who wants to hear of changes.
///
/// States: not serving (from the start), serving, draining (not serving, for good), closed (draining, and nobody listens any
/// more). They only go forward; a call that would go back does nothing.
package final class HealthStatuses: Sendable {
    private enum Phase: Int, Comparable {
        case starting, serving, draining, closed

        static func < (left: Phase, right: Phase) -> Bool { left.rawValue < right.rawValue }
    }

    private struct Watcher {
        let service: String
        let changes: AsyncStream<ServingStatus>.Continuation
    }

    private struct State {
        var phase = Phase.starting
        var statuses: [String: ServingStatus]
        var watchers: [UInt64: Watcher] = [:]
        var lastTicket: UInt64 = 0
    }

    private let state: Mutex<State>

    /// - Parameter services: full names; the whole server, whose name is empty, is always known.
    package init(services: [String]) {
        let known = [""] + services
        state = Mutex(State(statuses: Dictionary(uniqueKeysWithValues: known.map { ($0, .notServing) })))
    }

    /// The server and all its services take calls from now on.
    package func serve() { enter(.serving, status: .serving) }

    /// The server will stop soon: whoever watches should send its calls elsewhere.
    package func drain() { enter(.draining, status: .notServing) }

    /// Ends every watch, after the last change has been told: they are calls that would never end by themselves.
    package func close() {
        drain()
        let watchers = state.withLock { state in
            state.phase = .closed
            defer { state.watchers = [:] }
            return state.watchers
        }
        // Outside the lock, since ending calls back.
        for watcher in watchers.values { watcher.changes.finish() }
    }

    /// Changes one service while the others go on. No effect once the server drains.
    package func set(_ status: ServingStatus, for service: String) {
        state.withLock { state in
            guard state.phase < .draining else { return }
            state.statuses[service] = status
            for watcher in state.watchers.values where watcher.service == service { watcher.changes.yield(status) }
        }
    }

    /// `nil` where the service is not known.
    package func status(of service: String) -> ServingStatus? { state.withLock { $0.statuses[service] } }

    /// The status now, and each later one; of several changes that the reader has not seen, the last. Ends with
    /// ``close()``.
    ///
    /// What a watch holds is one status and the name. There are as many as there are calls, which the server limits.
    package func watch(_ service: String) -> AsyncStream<ServingStatus> {
        let (stream, changes) = AsyncStream.makeStream(of: ServingStatus.self, bufferingPolicy: .bufferingNewest(1))
        let ticket = state.withLock { state -> UInt64? in
            changes.yield(state.statuses[service] ?? .serviceUnknown)
            guard state.phase != .closed else { return nil }
            state.lastTicket += 1
            state.watchers[state.lastTicket] = Watcher(service: service, changes: changes)
            return state.lastTicket
        }
        guard let ticket else {
            changes.finish()
            return stream
        }
        changes.onTermination = { [weak self] _ in self?.forget(ticket) }
        return stream
    }

    /// How many watch now.
    var watcherCount: Int { state.withLock { $0.watchers.count } }

    private func enter(_ phase: Phase, status: ServingStatus) {
        state.withLock { state in
            guard state.phase < phase else { return }
            state.phase = phase
            for service in state.statuses.keys { state.statuses[service] = status }
            for watcher in state.watchers.values where state.statuses[watcher.service] != nil {
                watcher.changes.yield(status)
            }
        }
    }

    private func forget(_ ticket: UInt64) {
        _ = state.withLock { $0.watchers.removeValue(forKey: ticket) }
    }
}
