import DFSCore

/// A server that died, and what of its chunks lacks copies since: until it comes back or all of them have their copies again.
struct Loss: Sendable {
    let lastHeard: MonotonicInstant
    /// When it was found to be dead.
    let diedAt: MonotonicInstant
    /// Its chunks when it died.
    let chunkCount: Int
    /// Those of them that have fewer copies than wanted, as far as they were looked at.
    var short: Set<ChunkHandle> = []
    /// How many there were at most.
    var shortCount = 0
    /// Whether all of them were looked at.
    var isKnown = false
    /// Until when it is given time to come back; `nil` when that is over.
    var graceEnd: MonotonicInstant?
    /// Whether it vanished together with too many others.
    var isInStorm = false
    /// Whether nobody waits for it any more; it counts for no other storm then.
    var isGivenUp = false

    /// Whether chunks that have other copies wait for it.
    var isAwaited: Bool { graceEnd != nil || isInStorm }
}

/// A time in which too many servers were lost at once.
struct Storm: Sendable {
    let since: MonotonicInstant
}

/// The servers that are lost.
struct Losses: Sendable {
    var byServer: [ServerHandle: Loss] = [:]
    /// While it lasts only chunks with a single live copy are copied, one at a time from each server.
    var storm: Storm?
    /// Of the server that was found dead last: how long it had been silent.
    var lastDetection: Duration?
    /// Of the lost server whose chunks had all their copies again last: how long that took since it was heard of last.
    var lastRestoration: Duration?

    /// Whether chunks that have other copies wait for the server to come back.
    func isAwaited(_ server: ServerHandle) -> Bool { byServer[server]?.isAwaited ?? false }

    /// In the order in which they came.
    var servers: [ServerHandle] { byServer.keys.sorted() }
}
