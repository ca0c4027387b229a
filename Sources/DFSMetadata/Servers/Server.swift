import DFSCore

/// One chunk server, alive or not. Servers are never forgotten: one that was away keeps its place.
struct Server: Sendable {
    let handle: ServerHandle
    let address: ServerAddress
    var kind = NodeKind.unknown
    /// Kept by the node in its folder; empty for Go nodes.
    var nodeID = ""

    /// As it told; before, by its host.
    var location: NetworkLocation

    var isAlive = true
    var lastHeard: MonotonicInstant
    /// When its present life began: of the surplus copies of a chunk, the one on the server back last goes.
    var aliveSince: MonotonicInstant
    /// Whether it has sent no list in this life yet: its copies begin to count again with the first one.
    var isReturning = true

    /// The connection it was last heard on; a new one makes the master ask again who it is.
    var connection: ConnectionToken?
    /// When it was first heard on that connection: what its lists lacked before says nothing about it now.
    var connectedAt: MonotonicInstant
    /// When to ask who it is, if it has not been told.
    var describeAt: MonotonicInstant?
    /// Where tasks for it go; `nil` while it has no heartbeat stream.
    var stream: StreamToken?

    var freeBytes: UInt64 = 0
    /// Handed out since its last heartbeat, which did not know of it yet.
    var reservedBytes: UInt64 = 0

    /// The number of its newest list.
    var listNumber: UInt32 = 0
    /// Its newest list, where that agreed with the records in all points and none of them has changed since: the same
    /// list again says nothing new.
    var settledList: ListFingerprint?
    /// Chunks with a replica record that names this server.
    var chunks: Set<ChunkHandle> = []
    /// Since when its lists lack chunks that they held.
    var missingSince: [ChunkHandle: MonotonicInstant] = [:]
    /// How many of its chunks are only assigned, so that its lists need not name them.
    var assignedCount = 0
    /// Copies it has been told to make that are not known to have arrived.
    var outstandingCopies = 0
    /// Deletions it has been told that its lists do not show yet, and when.
    var deletions: [ChunkID: MonotonicInstant] = [:]

    /// Chunks that its newest list names and no file has, since when; up to ``maxOrphansKnown`` of them.
    var orphans: [ChunkID: MonotonicInstant] = [:]
    /// How many there are in all.
    var orphanCount = 0
    /// When to look at them again.
    var orphansDueAt: MonotonicInstant?

    static let maxOrphansKnown = 10_000

    var outstandingTasks: Int { outstandingCopies + deletions.count }

    /// Free space less what was handed out since it was told.
    var availableBytes: UInt64 { freeBytes > reservedBytes ? freeBytes - reservedBytes : 0 }
}

/// Names a server inside the state; servers stay, so a handle stays valid.
struct ServerHandle: Hashable, Sendable, Comparable {
    let rawValue: UInt16

    static func < (left: ServerHandle, right: ServerHandle) -> Bool { left.rawValue < right.rawValue }
}
