/// How long to wait between attempts to connect (gRPC "Connection Backoff Protocol"): exponential, with jitter.
package struct ConnectionBackoff: Sendable {
    package var initial = Duration.seconds(1)
    package var multiplier = 1.6
    /// The share by which a delay is varied, up or down.
    package var jitter = 0.2
    package var maximum = Duration.seconds(120)

    package init() {}

    /// The delay after `failureCount` failed attempts in a row, at least 1. `random` is in -1...1.
    package func delay(failureCount: Int, random: Double) -> Duration {
        var delay = initial / Duration.nanoseconds(1)
        let limit = maximum / Duration.nanoseconds(1)
        var failures = 1
        while failures < failureCount, delay < limit {
            delay *= multiplier
            failures += 1
        }
        return .nanoseconds(Int64(Swift.min(delay, limit) * (1 + jitter * random)))
    }
}
