import DFSCore

/// When deletions that failed are tried again: each by itself, after a pause that grows, since what stands in the way of one may
/// never go. Decisions only; holds one entry a failed deletion, so it is bounded like these.
struct DeletionRetries: Sendable {
    static let firstPause = Duration.seconds(2)
    static let longestPause = Duration.seconds(60)

    private var waiting: [ChunkID: (pause: Duration, next: MonotonicInstant)] = [:]

    /// Whether it may be tried at `now`: it has not failed, or its pause is over.
    func isDue(_ id: ChunkID, now: MonotonicInstant) -> Bool { waiting[id].map { $0.next <= now } ?? true }

    /// It failed at `now`.
    mutating func failed(_ id: ChunkID, now: MonotonicInstant) {
        let pause = waiting[id].map { min($0.pause * 2, Self.longestPause) } ?? Self.firstPause
        waiting[id] = (pause, now + pause)
    }

    /// It is over.
    mutating func ended(_ id: ChunkID) { waiting[id] = nil }

    /// Of all others there are no orders any more.
    mutating func keep(only ordered: some Sequence<ChunkID>) {
        if waiting.isEmpty { return }
        let ordered = Set(ordered)
        waiting = waiting.filter { ordered.contains($0.key) }
    }

    /// How long after `now` the next one is due; `nil` where none waits.
    func pause(now: MonotonicInstant) -> Duration? {
        waiting.values.map(\.next).min().map { $0 <= now ? .zero : $0 - now }
    }
}
