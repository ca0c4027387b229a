/// A moment on a clock that never jumps: liveness and leases are judged by it, never by wall time.
///
/// Decision modules receive it as input, so a simulator can drive it.
package struct MonotonicInstant: Hashable, Comparable, Sendable {
    package let nanoseconds: UInt64

    package init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    package static func < (left: MonotonicInstant, right: MonotonicInstant) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    package static func + (instant: MonotonicInstant, duration: Duration) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: instant.nanoseconds &+ UInt64(max(0, duration.nanoseconds)))
    }

    /// How long after `earlier` this is; never negative.
    package static func - (later: MonotonicInstant, earlier: MonotonicInstant) -> Duration {
        .nanoseconds(later.nanoseconds > earlier.nanoseconds ? Int64(later.nanoseconds - earlier.nanoseconds) : 0)
    }
}

extension Duration {
    /// The whole duration in nanoseconds, saturating at the ends of `Int64`.
    package var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        if overflow { return seconds < 0 ? .min : .max }
        let (total, carried) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000)
        return carried ? (seconds < 0 ? .min : .max) : total
    }
}

/// Tells the time. The real one is ``SystemClock``; tests and the simulator set their own.
package protocol MonotonicClock: Sendable {
    var now: MonotonicInstant { get }
}

/// The operating system's monotonic clock.
package struct SystemClock: MonotonicClock {
    private static let start = ContinuousClock.now

    package init() {}

    package var now: MonotonicInstant {
        MonotonicInstant(nanoseconds: UInt64(max(0, (ContinuousClock.now - Self.start).nanoseconds)))
    }
}
