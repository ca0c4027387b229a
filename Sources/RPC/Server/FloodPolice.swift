import HTTP2
import NIOCore

/// Weighs the frames that carry nothing against those that do: a client that mostly sends the first kind makes work for
/// the server alone (CVE-2019-9512, 9513, 9515, 9518).
struct FloodPolice {
    /// A busy reader sends a few window updates and pings for each frame of data, never as many as this.
    private static let controlFramesPerWork = 8.0

    private let burst: Double
    private let perSecond: Double
    private var allowance: Double
    private var seen = FrameCounts()
    private var last: NIODeadline

    init(_ limits: ConnectionLimits, now: NIODeadline) {
        burst = Double(limits.controlFrameBurst)
        perSecond = Double(limits.controlFramesPerSecond)
        allowance = burst
        last = now
    }

    /// - Returns: false when the client is to be cut off.
    mutating func admits(_ counts: FrameCounts, now: @autoclosure () -> NIODeadline = .now()) -> Bool {
        guard counts.control != seen.control else { return true }
        let now = now()
        let seconds = Double((now - last).nanoseconds) / 1e9
        let earned = Double(counts.work - seen.work) * Self.controlFramesPerWork + seconds * perSecond
        allowance = min(burst, allowance + earned) - Double(counts.control - seen.control)
        seen = counts
        last = now
        return allowance >= 0
    }
}
