import DFSCore

/// How a chunk server appends.
package struct AppendSettings: Sendable {
    /// A chunk without a record for this long is given up, so that it is sealed.
    package var idleLimit = Duration.seconds(60)
    /// A server of the chunk that has not synced a batch after this time has failed.
    package var replicaLimit = Duration.seconds(10)
    /// The longest wait for the master's answer about leases.
    package var leaseAnswerLimit = Duration.seconds(5)
    /// Bytes of all records together that wait for servers of their chunks.
    package var budget = 32 << 20
    /// The same for one chunk, so that one with a slow server leaves room for others.
    package var chunkBudget = 8 << 20
    /// Leases are judged by it.
    package var clock: any MonotonicClock = SystemClock()

    /// The largest record, in bytes: a quarter of a chunk of the usual size.
    static let maxRecordSize = ClusterDefaults.chunkSize / 4
    /// A batch takes no further record beyond this; one that is larger goes alone.
    static let batchSize = 4 << 20
    /// Records in a batch, at most.
    static let batchCount = 1024

    package init() {}
}
