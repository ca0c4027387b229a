import Synchronization

/// Names one accepted connection of this process; never used again while it runs.
package struct ConnectionID: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let value: UInt64

    package init(value: UInt64) { self.value = value }

    package var description: String { "connection-\(value)" }

    package static func < (left: ConnectionID, right: ConnectionID) -> Bool { left.value < right.value }

    private static let last = Atomic<UInt64>(0)

    static func next() -> ConnectionID {
        ConnectionID(value: last.add(1, ordering: .relaxed).newValue)
    }
}
