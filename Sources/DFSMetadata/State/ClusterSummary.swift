/// How many reports of chunk servers the master has taken.
package struct ReportCounts: Sendable, Equatable {
    /// Whole lists in heartbeats, as Go nodes send them.
    package var lists = 0
    /// Full reports at the begin of sessions and after mismatches.
    package var full = 0
    /// Heartbeats with differences, mostly none.
    package var differences = 0
    /// Times that a digest was not the one that the master had.
    package var mismatches = 0
}

/// How the cluster is, in numbers, as the master knows it at one moment.
package struct ClusterSummary: Sendable, Equatable {
    /// Complete files, those in the trash among them.
    package var completeFiles = 0
    /// Files that are being written.
    package var openFiles = 0
    /// Chunks of both.
    package var chunks = 0
    /// Whether the master is in safe mode.
    package var isInSafeMode = false
    /// Chunks of complete files of which no server has told since the master started.
    package var unheardChunks = 0
    /// Chunks with too few copies that wait for repair.
    package var repairQueue = 0
    /// Those of them that no server could take so far.
    package var stuckRepairs = 0
    /// How lost copies are made again.
    package var repair = RepairStatus()
    /// Chunks with a copy under way.
    package var chunksBeingCopied = 0
    /// Chunks of complete files with too few copies, but some; with too many; with none on a live server.
    package var underChunks = 0
    package var overChunks = 0
    package var missingChunks = 0
    /// Chunks of which a copy was found damaged, until they are whole again.
    package var damagedChunks = 0
    /// How far balancing has come.
    package var balance = BalanceStanding()
    /// Removals that can still be restored, or are being deleted for good.
    package var trashEntries = 0
    /// Deleted files whose chunks may still turn up.
    package var tombstones = 0
    /// Reports of chunk servers since the master started.
    package var reports = ReportCounts()
    /// All servers, in the order they came.
    package var servers: [ServerStanding] = []
}
