import DFSCore

/// What the master believes of one server's copy of one chunk. Never stored: servers tell it anew.
struct Replica: Sendable {
    /// How far the copy has come. Only `complete` copies are named to clients, copied from, and counted as safe.
    enum State: Sendable {
        /// Handed out to a writer or as the target of a copy; nothing of it has been seen.
        case assigned
        /// In the server's list, whole or not: a Go server lists a chunk from its first byte.
        case listed
        /// Proven to hold the chunk's bytes.
        case complete
        /// Proven to hold other bytes; waits to be overwritten or deleted.
        case bad
        /// Told to be deleted, since enough other copies are complete.
        case deleting
    }

    let server: ServerHandle
    var state: State
    /// The number of the server's newest list that holds the chunk.
    var listNumber: UInt32 = 0
    /// Since when the server's lists lack the chunk.
    var missingSince: MonotonicInstant?
    /// Whether the server could be written to when it was handed out: one that was away then and since cannot hold it.
    var wasReachable = true
}
