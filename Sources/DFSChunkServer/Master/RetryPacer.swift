import DFSCore

/// How long to wait before the master is tried again: longer with each failure in a row, varied by chance so that the
/// servers of a cluster do not come back all at once.
struct RetryPacer {
    static let first = Duration.milliseconds(200)
    static let longest = Duration.seconds(3)
    /// A session that lasted this long was a good one.
    static let goodSession = Duration.seconds(10)

    private var failures = 0

    /// A session has ended after `lasted`.
    ///
    /// - Parameter random: 0 to 1.
    mutating func delay(afterSessionOf lasted: Duration, random: Double) -> Duration {
        failures = lasted >= Self.goodSession ? 1 : min(failures + 1, 20)
        var delay = Self.first
        for _ in 1..<failures where delay < Self.longest { delay = delay * 3 / 2 }
        return min(delay, Self.longest) * (0.5 + random / 2)
    }
}
