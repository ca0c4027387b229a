import DFSCore

/// Decides when the next heartbeat is due: at the latest after the interval, earlier when the list has changed.
///
/// A Swift master hears of a change at once. A Go master takes a chunk that is missing from a list for lost, even when it
/// has only just been allocated and its first byte is still on the way; so it hears of a change in the first quiet
/// moment, when no upload has begun for a while.
struct HeartbeatPacer {
    /// Between two heartbeats, however much changes.
    static let minimumSpacing = Duration.milliseconds(50)
    /// Without a new upload, before a Go master hears of a change.
    static let goQuietTime = Duration.seconds(1)

    let interval: Duration
    let isGoMaster: Bool
    private var lastBeat: MonotonicInstant?
    private var toldRevision: UInt64 = 0
    private var seenRevision: UInt64 = 0
    private var seenArrivals: UInt64 = 0
    private var lastArrival: MonotonicInstant

    init(interval: Duration, isGoMaster: Bool, now: MonotonicInstant) {
        self.interval = interval
        self.isGoMaster = isGoMaster
        lastArrival = now
    }

    /// The catalog's counters were read.
    mutating func observe(revision: UInt64, arrivals: UInt64, now: MonotonicInstant) {
        seenRevision = revision
        if arrivals != seenArrivals { lastArrival = now }
        seenArrivals = arrivals
    }

    /// A heartbeat with the list of this revision is on its way.
    mutating func sent(revision: UInt64, now: MonotonicInstant) {
        lastBeat = now
        toldRevision = revision
    }

    /// How long until the next heartbeat; zero when it is due.
    func delay(now: MonotonicInstant) -> Duration {
        guard let lastBeat else { return .zero }
        var due = lastBeat + interval
        if seenRevision != toldRevision {
            let quiet = isGoMaster ? lastArrival + Self.goQuietTime : now
            due = min(due, max(quiet, lastBeat + Self.minimumSpacing))
        }
        return due - now
    }
}
