import DFSCore

/// When chunks were last uploaded, kept for a while.
///
/// Two generations, of which the older one is dropped as a whole: noting an upload costs the same however many there are.
struct RecentUploads {
    private var young: [ChunkID: MonotonicInstant] = [:]
    private var old: [ChunkID: MonotonicInstant] = [:]
    private var youngSince: MonotonicInstant?

    /// The last upload, where it is not longer ago than it was to be kept for; perhaps also one that is.
    subscript(_ id: ChunkID) -> MonotonicInstant? { young[id] ?? old[id] }

    /// Notes an upload, and forgets those that are twice `limit` ago.
    mutating func note(_ id: ChunkID, at now: MonotonicInstant, keepingFor limit: Duration) {
        if youngSince.map({ now - $0 >= limit }) ?? true {
            old = young
            young = [:]
            youngSince = now
        }
        young[id] = now
    }
}
