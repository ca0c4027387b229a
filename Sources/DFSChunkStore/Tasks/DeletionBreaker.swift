import DFSCore

/// Stops a burst of deletions that looks like a mistake of the master, such as one that lost its metadata.
///
/// Counts the deletions of a sliding window. One that would take the window beyond both the minimum count and the share
/// of what the node held trips the breaker: that deletion and all after it are held until an operator releases them.
package struct DeletionBreaker: Sendable {
    /// When deletions are a burst.
    package struct Limits: Sendable, Equatable {
        /// How long a deletion counts.
        package var window: Duration = .seconds(600)
        /// Deletions in one window that always pass, so that small nodes can delete at all.
        package var minimumCount = 100
        /// Share of the node's chunks, 0 to 1, that may go in one window; 1 turns the breaker off.
        package var share = 0.3

        package init() {}
    }

    /// The answer to one deletion.
    package enum Verdict: Sendable, Equatable {
        case allowed
        /// Held, and it was this deletion that tripped the breaker: tell the operator.
        case tripped
        /// Held, as others before.
        case held
    }

    private let limits: Limits
    private var recent: [MonotonicInstant] = []
    /// Whether deletions are being held.
    package private(set) var isTripped = false

    package init(_ limits: Limits = Limits()) { self.limits = limits }

    /// Asks to delete one of `chunkCount` chunks that the node holds now.
    package mutating func request(chunkCount: Int, now: MonotonicInstant) -> Verdict {
        if isTripped { return .held }
        recent.removeAll { $0 + limits.window <= now }
        let heldBefore = chunkCount + recent.count
        let allowed = max(limits.minimumCount, Int(Double(heldBefore) * limits.share))
        if recent.count >= allowed, limits.share < 1 {
            isTripped = true
            return .tripped
        }
        recent.append(now)
        return .allowed
    }

    /// An operator has looked: what was held may go, and counting starts afresh.
    package mutating func release() {
        isTripped = false
        recent = []
    }
}
