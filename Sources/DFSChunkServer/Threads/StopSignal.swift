import DFSCore
import Synchronization

/// Ends calls that would last as long as their clients want, when the server stops.
final class StopSignal: Sendable {
    private struct State {
        var isGiven = false
        var bells: [ObjectIdentifier: Bell] = [:]
    }

    private let state = Mutex(State())

    /// Ends all that ``run(_:)`` runs, and whatever it is given from now on.
    func give() {
        let bells = state.withLock { state in
            state.isGiven = true
            return Array(state.bells.values)
        }
        for bell in bells { bell.ring() }
    }

    /// Runs `body`.
    ///
    /// - Throws: what `body` throws; code ``DFSError/Code/unavailable`` when the signal is given first, and then `body` has been
    ///   cancelled and has ended.
    func run(_ body: @escaping @Sendable () async throws -> Void) async throws {
        let bell = Bell()
        let isGiven = state.withLock { state in
            state.bells[ObjectIdentifier(bell)] = bell
            return state.isGiven
        }
        defer { state.withLock { _ = $0.bells.removeValue(forKey: ObjectIdentifier(bell)) } }
        if isGiven { bell.ring() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            group.addTask { try await body() }
            group.addTask {
                await bell.wait()
                throw DFSError(
                    .unavailable, "this chunk server is stopping; ask the master again", advice: .refreshLocations)
            }
            try await group.next()
        }
    }
}
