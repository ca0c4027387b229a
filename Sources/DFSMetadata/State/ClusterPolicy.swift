import DFSCore

/// The numbers that the master's decisions go by.
package struct ClusterPolicy: Sendable {
    /// Copies of each chunk, unless the writer asks for another number.
    package var replication = ClusterDefaults.replicationFactor
    /// Bytes in every chunk of a file but its last. Go clients always use ``ClusterDefaults/chunkSize``.
    package var chunkSize = UInt64(ClusterDefaults.chunkSize)
    /// A server silent for this long is dead.
    package var liveThreshold = ClusterDefaults.liveThreshold
    /// A chunk is gone from a server when two lists at least this far apart lack it.
    package var absenceInterval = Duration.seconds(10)
    /// An upload whose connection closed is abandoned after this time.
    package var uploadLease = Duration.seconds(10)
    /// The longest time for which an upload is kept that is to be resumed; none is kept where it is 0. It counts again from
    /// each start of the master.
    package var longestUploadKeep = Duration.seconds(24 * 3600)
    /// Uploads of which that was asked, at one time.
    package var maxKeptUploads = 1000
    /// The same for uploads that were open when the master stopped.
    package var restartLease = Duration.seconds(30)
    /// How long a Go client's finished file waits for proof before it is given up, where nothing is left to wait for.
    package var settlingPatience = Duration.seconds(60)
    /// Two reads of a chunk whose length nobody told must agree over this time.
    package var rereadInterval = Duration.seconds(10)
    /// A copy that has not arrived after this time is ordered again, to another target. One that a list names, and that could not be
    /// read for as long, is not hoped to be proven.
    package var copyTimeout = Duration.seconds(60)
    /// A proven copy on a Go server that could not be read for this time, though the server answers, does not count.
    package var unreadablePatience = Duration.seconds(180)
    /// A deletion that a server's lists do not show after this time is ordered again.
    package var deletionTimeout = Duration.seconds(60)
    /// Deletions that one server may have outstanding. Copies have limits of their own: where a server holds deletions until an operator
    /// has looked, what it has is copied all the same.
    package var maxDeletionsPerServer = 100
    /// What a master that starts allows its copies.
    package var repairLimits = RepairLimits()
    /// How long a server that was found dead has to come back before chunks of it that have two live copies left are copied.
    package var repairGrace = Duration.seconds(300)
    /// So many servers that die within ``stormWindow`` are too many at once, where they are more than ``stormShare`` of all or
    /// the whole of a rack: then next to nothing is copied, for ``stormLimit``; for 0 until an operator says so.
    package var stormServers = 3
    package var stormShare = 0.1
    package var stormWindow = Duration.seconds(60)
    package var stormLimit = Duration.seconds(3600)
    /// Copies of a chunk that servers in maintenance leave to others: what has fewer is copied before.
    package var leastCopiesInMaintenance = 1
    /// For how long a server may be in maintenance.
    package var longestMaintenance = Duration.seconds(7 * 24 * 3600)
    /// Moves for the sake of balance at one time.
    package var maxMoves = 16
    /// For so long the chunks are counted that a server gives up for the sake of balance: as long as its deletion breaker counts.
    package var givingInterval = Duration.seconds(600)
    /// Chunks being read back from Go servers at one time, and of one server.
    package var maxReads = 4
    package var maxReadsPerServer = 2
    /// Bytes a second of all Go servers together that are read again for their own sake; 0 for none. Servers of ours read
    /// their chunks themselves.
    package var rereadBytesPerSecond: UInt64 = 0
    /// From the begin of one cycle through all copies on Go servers to that of the next, at least.
    package var rereadCycle = Duration.seconds(21 * 24 * 3600)
    /// Chunks with copies too many that are kept in mind at one time; others are looked for when there is room again.
    package var maxSurplusChunks = 10_000
    /// Bytes a second that one server reads at most so that copies too many of its chunks may go elsewhere; an operator's limit
    /// for repair that is lower counts here, too.
    package var surplusBytesPerSecond: UInt64 = 64 << 20
    /// So long after a copy was read others of its chunk may be deleted on the strength of it.
    package var surplusProofLife = Duration.seconds(600)
    /// Chunks of Go servers that the master reads at one time for that.
    package var maxSurplusReadsOfGo = 2
    /// How long what was removed or replaced can be brought back.
    package var trashRetention = Duration.seconds(24 * 3600)
    /// How long the chunks of what is gone for good are known to be that. Servers that are away for longer come back with orphans.
    package var tombstoneRetention = Duration.seconds(30 * 24 * 3600)
    /// The most of them that are known: some 200 bytes each. Of the oldest ones above that, what turns up is an orphan.
    package var maxTombstones = 4_000_000
    /// How long a change is known by the id that its client gave it, at least: longer than any client asks again.
    package var requestRetention = Duration.seconds(600)
    /// The most of them that are known, which are 1,600 a second over that time: some 150 bytes each in memory, 50 in the store, and
    /// a second of a start.
    package var maxRequests = 1_000_000
    /// So many stay however old they are.
    package var leastRequests = 10_000
    /// How long an orphan is kept: a chunk that no file has, of an upload that this store must have begun.
    package var orphanRetention = Duration.seconds(7 * 24 * 3600)
    /// Copies of a chunk that a writer may ask for: as many servers as a chain reaches (`UploadChain.maxCount`).
    package var maxReplication = 16

    /// How long the primary of an open chunk orders its records without asking again.
    package var appendLease = Duration.seconds(10)
    /// A writer that did not ask for so long may lose its claim on a file to another one.
    package var softClaim = Duration.seconds(60)
    /// After this time a writer's claim ends by itself.
    package var hardClaim = Duration.seconds(20 * 60)
    /// Between two attempts to seal an open chunk whose servers are away.
    package var longestRecoveryPause = Duration.seconds(10)

    /// Clocks may differ by a tenth: the primary counts a tenth less, from before it asked, and the master a tenth more.
    var appendLeaseOfMaster: Duration { appendLease * 11 / 10 }

    /// The share of all chunks that a master which starts must have heard of before it changes anything.
    package var safeModeShare = 0.999
    /// After this time it begins to work all the same.
    package var safeModeLimit = Duration.seconds(300)
    /// Files that one connection may have begun and not ended.
    package var maxUploadsPerConnection = 10_000

    package init() {}
}
