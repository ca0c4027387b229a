import DFSCore

/// One chunk server, alive or not. Servers are never forgotten: one that was away keeps its place.
struct Server: Sendable {
    let handle: ServerHandle
    let address: ServerAddress
    /// `swift` only where it has said so over its present connection.
    var kind = NodeKind.unknown
    /// Kept by the node in its folder; empty for Go nodes.
    var nodeID = ""

    /// As it told; before, by its host.
    var location: NetworkLocation

    var isAlive = true
    var lastHeard: MonotonicInstant
    /// How much of the time since then the master stood still.
    var unheardTime = Duration.zero
    /// When its present life began: of the surplus copies of a chunk, the one on the server back last goes.
    var aliveSince: MonotonicInstant
    /// Whether it has sent no list in this life yet: its copies begin to count again with the first one.
    var isReturning = true

    /// What an operator wants of it.
    var adminState = AdminState.normal
    /// When it got that last, also if it had it; `nil` where that was before this master started.
    var stateOrderedAt: MonotonicInstant?
    /// When its maintenance ends; `nil` outside of one, and until ``maintenanceUntil`` is counted.
    var maintenanceEnd: MonotonicInstant?
    /// The same as the store has it, in seconds since 1970.
    var maintenanceUntil: UInt64 = 0
    /// How far it has come on its way out.
    var withdrawal = Withdrawal()

    /// The connection it was last heard on; a new one makes the master ask again who it is.
    var connection: ConnectionToken?
    /// When it was first heard on that connection: what its lists lacked before says nothing about it now.
    var connectedAt: MonotonicInstant
    /// When to ask who it is, if it has not been told.
    var describeAt: MonotonicInstant?
    /// When it answered that last.
    var answeredAt: MonotonicInstant?
    /// Since when it has not, though it was asked; `nil` where it has.
    var unansweredSince: MonotonicInstant?
    /// Whether that has lasted for so long that nobody waits for what it holds to be proven. It may be well all the same, and reach
    /// the master, which does not reach it.
    var isMute = false
    /// Where tasks for it go; `nil` while it has no heartbeat stream.
    var stream: StreamToken?

    var freeBytes: UInt64 = 0
    /// Handed out since its last heartbeat, which did not know of it yet.
    var reservedBytes: UInt64 = 0

    /// The number of its newest list.
    var listNumber: UInt32 = 0
    /// Whether its newest full report lacked chunks that are not noted as missing yet: those of another list number.
    var lacksListed = false
    /// Its newest list, where that agreed with the records in all points and none of them has changed since: the same
    /// list again says nothing new.
    var settledList: ListFingerprint?
    /// What it has told in its present session; `nil` where it sends lists, or has no session.
    var inventory: Inventory?
    /// Chunks with a replica record that names this server.
    var chunks: Set<ChunkHandle> = []
    /// Since when its lists lack chunks that they held.
    var missingSince: [ChunkHandle: MonotonicInstant] = [:]
    /// Counts replica records that were added: what was looked at before is not all any more.
    var additionCount: UInt32 = 0
    /// Bytes in its copies of chunks whose length is known, those that it was told to delete aside.
    var usedBytes: UInt64 = 0
    /// Used and free, when it told its free space last.
    var roomBytes: UInt64 = 0
    /// How many of its chunks are only assigned, so that its lists need not name them.
    var assignedCount = 0
    /// Copies it has been told to make that are not known to have arrived and are not late.
    var outstandingCopies = 0
    /// Copies that it was told to make and that are late.
    var lateCopies = 0
    /// Copies on their way to it that are not late, and what they carry.
    var incomingCopies = 0
    var incomingBytes: UInt64 = 0
    /// Copies to it that are late.
    var lateIncomingCopies = 0
    /// Spent by the copies that it is told to make.
    var copyBudget = ByteBudget()
    /// Deletions it has been told that its lists do not show yet, and when.
    var deletions: [ChunkID: MonotonicInstant] = [:]

    /// Chunks that its newest list names and no file has, since when; up to ``maxOrphansKnown`` of them.
    var orphans: [ChunkID: MonotonicInstant] = [:]
    /// How many there are in all.
    var orphanCount = 0
    /// When to look at them again.
    var orphansDueAt: MonotonicInstant?

    static let maxOrphansKnown = 10_000

    /// Whether it has sent no list in this master's life: nobody knows what it holds.
    var isUnheard: Bool { isReturning }

    /// What it is to take that its newest report cannot know of: what was handed out since then, and copies under way.
    var promisedBytes: UInt64 { reservedBytes &+ incomingBytes }

    /// Free space less what it is to take.
    var availableBytes: UInt64 { freeBytes > promisedBytes ? freeBytes - promisedBytes : 0 }
}

/// Names a server inside the state; servers stay, so a handle stays valid.
struct ServerHandle: Hashable, Sendable, Comparable {
    let rawValue: UInt16

    static func < (left: ServerHandle, right: ServerHandle) -> Bool { left.rawValue < right.rawValue }
}
