import DFSCore

/// What a server that tells differences has told in its present session.
///
/// A chunk that is told of either has a replica record whose list number is the server's, or is a *stranger*: no file has it, or its
/// record was dropped before the server dropped the chunk. So the digest is one of our own records, and not merely of messages.
struct Inventory: Sendable {
    enum Phase: Sendable {
        /// A full report is under way.
        case reporting
        /// The digests were equal when the server was heard last.
        case agreed
        /// They were not, and a full report was asked for.
        case disagreeing
    }

    /// Strangers known by their ids, and ids that wait to be looked at again; of more a full report tells anew, later.
    static let maxKnown = 10_000

    /// The session; one that was opened earlier is not listened to any more.
    let stream: StreamToken
    var phase = Phase.reporting
    var digest: InventoryDigest
    /// Those that are known; up to ``maxKnown`` of them.
    private(set) var strangers: Set<ChunkID> = []
    /// How many there are in all.
    private(set) var strangerCount = 0
    /// Ids that the next heartbeat brings up again, as a list would: a deletion could not be ordered, or a record was dropped.
    private var waiting = WorkQueue<ChunkID>()
    /// Whether some of those were forgotten for lack of room.
    private(set) var hasForgotten = false
    /// When orphans in the session before were first seen; kept for the time of the report.
    var formerOrphans: [ChunkID: MonotonicInstant] = [:]
    var formerOrphanCount = 0
    /// Copies that somebody vouches for and this session has not told of, and since when: one that it does not tell of soon is not
    /// there, or not any more. A full report decides of all at once.
    var unconfirmed: [ChunkHandle: MonotonicInstant] = [:]

    init(stream: StreamToken, key: InventoryDigest.Key) {
        self.stream = stream
        digest = InventoryDigest(key: key)
    }

    var waitingCount: Int { waiting.count }

    /// Notes a stranger.
    ///
    /// - Returns: `false` where it is known to be one.
    mutating func insertStranger(_ id: ChunkID) -> Bool {
        if strangers.contains(id) { return false }
        strangerCount += 1
        if strangers.count < Self.maxKnown { strangers.insert(id) }
        return true
    }

    /// The id is no stranger any more.
    ///
    /// - Returns: `false` where it cannot have been one.
    mutating func removeStranger(_ id: ChunkID) -> Bool {
        guard strangers.remove(id) != nil || strangerCount > strangers.count else { return false }
        strangerCount -= 1
        return true
    }

    /// Whether the id may be a stranger; sure unless there are too many.
    func mayBeStranger(_ id: ChunkID) -> Bool { strangers.contains(id) || strangerCount > strangers.count }

    /// Has the id looked at again with the next heartbeat.
    mutating func revisit(_ id: ChunkID) {
        if waiting.count < Self.maxKnown { waiting.append(id) } else { hasForgotten = true }
    }

    mutating func nextToRevisit() -> ChunkID? { waiting.popFirst() }
}
