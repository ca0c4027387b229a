import Synchronization

/// Counts the connections of a channel as they come and go, so that others can tell one from the next. Any thread may read it.
final class ConnectionCounter: Sendable {
    /// Odd while a connection is ready.
    private let changes = Atomic<UInt64>(0)

    /// A connection is ready; there was none.
    func enter() { changes.add(1, ordering: .relaxed) }

    /// It takes no more calls.
    func leave() { if ready != nil { changes.add(1, ordering: .relaxed) } }

    /// Names the connection that is ready, if there is one; no other one of the channel ever has that number.
    var ready: UInt64? {
        let count = changes.load(ordering: .relaxed)
        return count.isMultiple(of: 2) ? nil : count
    }
}
