import DFSCore

/// Names the copy that is read back.
struct ProbeKey: Hashable, Sendable {
    let chunk: ChunkHandle
    let server: ServerHandle
}

/// The reading back of one copy on a Go server, over as many reads as its proof needs.
///
/// States and moves: `queued` -> `reading` -> `resting` until the next read is due -> `queued`, until the copy is proven
/// or refuted, or the probe is forgotten.
struct Probe: Sendable {
    enum State: Sendable, Equatable {
        case queued
        /// Of this chunk: the handle in the probe's key may have been another one's before.
        case reading(ChunkID)
        case resting(until: MonotonicInstant)
    }

    var state = State.queued
    /// Readers or a finished upload wait for it.
    var isUrgent: Bool
    /// A copy that was made of it was wrong.
    var isDoubted = false
    /// What the newest read found, and since when reads have found just that.
    var finding: Finding?
    var since: MonotonicInstant
    var reads = 0

    /// Takes what a read found.
    mutating func note(_ newest: Finding, now: MonotonicInstant) {
        reads += 1
        guard finding != newest else { return }
        finding = newest
        since = now
    }

    /// The finding, once reads at least `interval` apart have found the same.
    func settled(_ now: MonotonicInstant, _ interval: Duration) -> Finding? {
        reads > 1 && now - since >= interval ? finding : nil
    }
}
