import Synchronization

/// Bounds how many uploads are forwarded at once, and with it the data that waits for other servers.
///
/// Nobody waits for a slot: a server that waited while it held data of an upload could hold up the one it waits for. An
/// upload that gets none stays here alone, and its client brings the chunk to the others, or the master does.
final class ForwardSlots: Sendable {
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
