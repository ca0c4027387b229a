import Synchronization

/// Bounds the data of all uploads together that waits for the disk. First come, first served.
final class WriteBudget: Sendable {
    private struct State {
        var free: Int
        var waiters: [(byteCount: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let total: Int
    private let state: Mutex<State>

    /// - Parameter byteCount: what may wait at once.
    init(byteCount: Int) {
        total = byteCount
        state = Mutex(State(free: byteCount))
    }

    /// Waits until `byteCount` bytes have room. A piece larger than the whole budget has room when nothing else waits.
    func acquire(_ byteCount: Int) async {
        let byteCount = min(byteCount, total)
        await withCheckedContinuation { continuation in
            let isGranted = state.withLock { state in
                if state.waiters.isEmpty, state.free >= byteCount {
                    state.free -= byteCount
                    return true
                }
                state.waiters.append((byteCount, continuation))
                return false
            }
            if isGranted { continuation.resume() }
        }
    }

    /// Gives back what ``acquire(_:)`` was asked for.
    func release(_ byteCount: Int) {
        let granted = state.withLock { state in
            state.free += min(byteCount, total)
            var granted: [CheckedContinuation<Void, Never>] = []
            while let first = state.waiters.first, state.free >= first.byteCount {
                state.free -= first.byteCount
                granted.append(first.continuation)
                state.waiters.removeFirst()
            }
            return granted
        }
        for continuation in granted { continuation.resume() }
    }
}
