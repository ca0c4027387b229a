import Synchronization

/// Bounds how many of something there are at once.
///
/// Nobody waits for a slot. An upload that is forwarded, for one, and waited while it held data could hold up the server that
/// it waits for: one that gets no slot stays here alone, and its client brings the chunk to the others, or the master does.
final class Slots: Sendable {
    private let free: Mutex<Int>

    init(count: Int) { free = Mutex(count) }

    /// - Returns: whether there was one; then ``giveBack()`` is to follow.
    func take() -> Bool {
        free.withLock { free in
            guard free > 0 else { return false }
            free -= 1
            return true
        }
    }

    func giveBack() { free.withLock { $0 += 1 } }
}
