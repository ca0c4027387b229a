/// A connection that the master accepted; its end ends the leases held over it.
package struct ConnectionToken: Hashable, Sendable, Comparable {
    package let rawValue: UInt64

    package init(rawValue: UInt64) { self.rawValue = rawValue }

    package static func < (left: ConnectionToken, right: ConnectionToken) -> Bool { left.rawValue < right.rawValue }
}

/// A heartbeat stream that a chunk server opened; tasks for the server leave by its newest one.
package struct StreamToken: Hashable, Sendable {
    package let rawValue: UInt64

    package init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// A call that waits for an answer; each call given to the state is answered exactly once.
package struct CallToken: Hashable, Sendable {
    package let rawValue: UInt64

    package init(rawValue: UInt64) { self.rawValue = rawValue }
}
