import Synchronization

/// Keeps what was observed, in order, and lets a test wait for what it is looking for.
final class Recorder<Entry: Sendable>: Sendable {
    private struct Waiter {
        let from: Int
        let isWanted: @Sendable (Entry) -> Bool
        let continuation: CheckedContinuation<Entry, Never>
    }

    private struct State {
        var entries: [Entry] = []
        var waiters: [Waiter] = []
    }

    private let state = Mutex(State())

    var all: [Entry] { state.withLock { $0.entries } }

    func add(_ entry: Entry) {
        let woken = state.withLock { state in
            state.entries.append(entry)
            let woken = state.waiters.filter { $0.isWanted(entry) }
            state.waiters.removeAll { $0.isWanted(entry) }
            return woken
        }
        for waiter in woken { waiter.continuation.resume(returning: entry) }
    }

    /// The first entry that is wanted, past or to come, after the first `skipping`.
    @discardableResult
    func first(after skipping: Int = 0, where isWanted: @escaping @Sendable (Entry) -> Bool) async -> Entry {
        await withCheckedContinuation { continuation in
            let found = state.withLock { state in
                let found = state.entries.dropFirst(skipping).first(where: isWanted)
                if found == nil {
                    state.waiters.append(Waiter(from: skipping, isWanted: isWanted, continuation: continuation))
                }
                return found
            }
            if let found { continuation.resume(returning: found) }
        }
    }
}
