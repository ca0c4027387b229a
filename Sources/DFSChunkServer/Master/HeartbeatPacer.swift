import DFSCore

/// Decides when the next heartbeat is due: at the latest after the interval, earlier when the list has changed.
///
/// A Swift master hears of a change at once. A Go master takes a chunk that is missing from a list for lost, even when it
/// has only just been allocated and its first byte is still on the way; once both of its servers have sent such a list,
/// it forgets the chunk. So it hears of a change in a quiet moment, when no upload is under way and none has ended just
/// now: the next chunk of a file is allocated the moment the last one is stored. A chunk that arrives just after a
/// heartbeat was probably missed by it, and is listed at once, unless its client sends it to the other server, too: both
/// would then beat at the same time, and miss what other clients have just been allocated. Chance keeps servers from
/// beating in step otherwise.
struct HeartbeatPacer {
    /// Between two heartbeats, however much changes.
    static let minimumSpacing = Duration.milliseconds(50)
    /// Without an upload, before a Go master hears of a change.
    static let goQuietTime = Duration.seconds(1)
    /// From an allocation to the first byte, for most clients.
    static let goAllocationTime = Duration.milliseconds(250)

    /// What the catalog knows of changes.
    struct Changes: Equatable {
        /// Of the list.
        let revision: UInt64
        /// Uploads of new chunks begun so far.
        let arrivals: UInt64
        /// Those of clients that send a chunk to one server only.
        let soleArrivals: UInt64
        let isReceiving: Bool
    }

    let interval: Duration
    let isGoMaster: Bool
    private var lastBeat: MonotonicInstant?
    private var toldRevision: UInt64 = 0
    private var seen: Changes
    private var lastActivity: MonotonicInstant
    /// Whether the last heartbeat has probably missed a chunk that was allocated.
    private var hasMissed = false
    /// 0 to 1, drawn with each heartbeat.
    private var chance = 0.0

    init(interval: Duration, isGoMaster: Bool, now: MonotonicInstant) {
        self.interval = interval
        self.isGoMaster = isGoMaster
        seen = Changes(revision: 0, arrivals: 0, soleArrivals: 0, isReceiving: false)
        lastActivity = now
    }

    /// The catalog was looked at.
    mutating func observe(_ changes: Changes, now: MonotonicInstant) {
        if changes.arrivals != seen.arrivals || changes.isReceiving || seen.isReceiving { lastActivity = now }
        if changes.soleArrivals != seen.soleArrivals, let lastBeat, now - lastBeat < Self.goAllocationTime {
            hasMissed = true
        }
        seen = changes
    }

    /// A heartbeat with the list of this revision is on its way.
    ///
    /// - Parameter random: 0 to 1.
    mutating func sent(revision: UInt64, now: MonotonicInstant, random: Double) {
        lastBeat = now
        toldRevision = revision
        hasMissed = false
        chance = random
    }

    /// How long until the next heartbeat; zero when it is due.
    func delay(now: MonotonicInstant) -> Duration {
        guard let lastBeat else { return .zero }
        var due = lastBeat + (isGoMaster ? interval * (1 - chance / 5) : interval)
        if seen.revision != toldRevision, let early = earlyBeat(now) {
            due = min(due, max(early, lastBeat + Self.minimumSpacing))
        }
        return due - now
    }

    /// When the master should hear of a change, `nil` where that has to wait.
    private func earlyBeat(_ now: MonotonicInstant) -> MonotonicInstant? {
        if !isGoMaster || hasMissed { return now }
        return seen.isReceiving ? nil : lastActivity + Self.goQuietTime * (1 + chance / 2)
    }
}
