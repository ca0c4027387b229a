import NIOCore

/// How long a server keeps connections, and what it takes from their clients (gRFC A9).
package struct ConnectionLimits: Sendable {
    /// A connection is asked to go at this age, give or take a tenth, so that clients spread anew; `nil` is never.
    package var maxAge: Duration?
    /// After that its calls may go on for this long; `nil` is for as long as they take.
    package var maxAgeGrace: Duration?
    /// A connection without calls for this long is asked to go; `nil` is never.
    package var maxIdle: Duration?
    /// The same for connections under TLS, where it is less: they keep the largest buffers that they have had, of up to 512 KiB
    /// each way, until they go (decision 43); `nil` lets ``maxIdle`` count alone.
    package var maxSecuredIdle: Duration? = .seconds(300)
    /// How silent clients are found out. What a client holds by its connection is free again when it is gone, so this is not
    /// gRPC's two hours (decision 47).
    package var keepalive: Keepalive? = Keepalive(time: .seconds(60), timeout: .seconds(30), withoutCalls: true)
    /// Clients may ping this often; more than two pings too many and the connection is closed.
    package var minPingInterval = Duration.seconds(300)
    /// Whether clients without calls may ping as often; otherwise every two hours.
    package var allowsPingsWithoutCalls = false

    // Against clients that hold things and do not go on. Each is found out within twice the time.

    /// From the connection to the client's preface and SETTINGS; `nil` is for ever.
    package var handshakeTimeout: Duration? = .seconds(20)
    /// From the first byte of a header block to its end; `nil` is for ever.
    package var headersTimeout: Duration? = .seconds(20)
    /// A client whose socket takes no byte of what waits for it for this long is cut off; `nil` is never.
    package var stalledWriteTimeout: Duration? = .seconds(60)
    /// A client that reads, but whose windows let no byte of any of its answers pass for this long, is cut off; `nil` is
    /// never.
    package var stalledAnswerTimeout: Duration? = .seconds(300)

    /// Bytes that the calls of one connection may have queued above what its windows let pass. From a quarter of it a
    /// call waits for its own queue sooner; above it, calls that send more end with RESOURCE_EXHAUSTED.
    package var maxQueuedByteCount = 128 << 20
    /// Frames that carry nothing (SETTINGS, PING, PRIORITY, WINDOW_UPDATE, empty DATA and so on) that may come at once,
    /// beside eight for each frame of a call.
    package var controlFrameBurst = 10_000
    /// The same for each second.
    package var controlFramesPerSecond = 1000

    package init() {}

    /// What counts of ``maxIdle`` and ``maxSecuredIdle``.
    func maxIdle(isSecure: Bool) -> Duration? {
        guard isSecure, let maxSecuredIdle else { return maxIdle }
        return maxIdle.map { min($0, maxSecuredIdle) } ?? maxSecuredIdle
    }
}

/// Counts the pings of one client that came too soon. A server that has just answered something cannot complain: clients
/// ping to measure, too.
struct PingPolice {
    private static let maxStrikes = 2
    private static let intervalWithoutCalls = TimeAmount.hours(2)

    private let limits: ConnectionLimits
    private var last: NIODeadline?
    private var strikes = 0

    init(_ limits: ConnectionLimits) { self.limits = limits }

    /// A ping has come.
    ///
    /// - Parameter hasAnswered: whether headers or data were sent since the last ping.
    /// - Returns: false when it is one too many.
    mutating func admits(now: NIODeadline, hasCalls: Bool, hasAnswered: Bool) -> Bool {
        defer { last = now }
        if hasAnswered {
            strikes = 0
            return true
        }
        let isFree = hasCalls || limits.allowsPingsWithoutCalls
        let interval = isFree ? TimeAmount(limits.minPingInterval) : Self.intervalWithoutCalls
        if let last, now - last < interval { strikes += 1 }
        return strikes <= Self.maxStrikes
    }
}
