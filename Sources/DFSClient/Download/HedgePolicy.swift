import DFSCore

/// When a second replica is asked for a chunk whose first one lets wait, and how often that may be.
///
/// The wait follows what other downloads of this client took to their first byte, so that a cluster that is slow as a whole
/// is not asked for everything twice; and of the downloads at most one in ten is hedged, beside a few in a burst.
struct HedgePolicy: Sendable {
    /// Before enough downloads have been seen.
    static let initialDelay = Duration.seconds(1)
    static let longestDelay = Duration.seconds(5)
    /// So many of the last downloads count; with fewer than ``leastSamples`` nothing can be said.
    private static let sampleCount = 64
    private static let leastSamples = 8
    /// In tenths of a hedge.
    private static let maxCredit = 40

    /// The wait is never shorter; `nil` hedges nothing.
    let floor: Duration?
    private var samples: [Duration] = []
    private var nextSample = 0
    private var credit = Self.maxCredit
    /// Second replicas that were asked so far.
    private(set) var count = 0

    init(floor: Duration?) { self.floor = floor }

    /// A download's first byte has come so long after it was asked for.
    mutating func noteFirstByte(after wait: Duration) {
        credit = min(credit + 1, Self.maxCredit)
        if samples.count < Self.sampleCount { return samples.append(wait) }
        samples[nextSample] = wait
        nextSample = (nextSample + 1) % Self.sampleCount
    }

    /// How long to wait for a first byte: twice as long as nine of ten downloads did. `nil` is for ever.
    var delay: Duration? {
        guard let floor else { return nil }
        guard samples.count >= Self.leastSamples else { return max(Self.initialDelay, floor) }
        let usual = samples.sorted()[samples.count * 9 / 10]
        return max(floor, min(usual * 2, Self.longestDelay))
    }

    /// Whether one more hedge is within the bounds; it counts as made then.
    mutating func take() -> Bool {
        guard credit >= 10 else { return false }
        credit -= 10
        count += 1
        return true
    }
}
