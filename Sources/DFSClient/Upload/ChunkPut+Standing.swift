import DFSCore
import DFSServices

extension ChunkPut {
    /// What came of one call.
    struct RouteOutcome: Sendable {
        let result: Result<ChunkUploadAnswer, DFSError>
        /// The bytes that the server took in a second, where it was given up for that.
        let slow: Int?
    }

    /// What is known of the chunk so far.
    struct Standing {
        var allocation: ChunkAllocation
        var acknowledged: [ServerAddress: ChunkAcknowledgement] = [:]
        /// Servers that failed since the last allocation.
        private(set) var failed: Set<ServerAddress> = []
        /// Of those the ones that took too little, and who says so.
        private(set) var slow: [ServerAddress: SlowServers.Feeder] = [:]
        /// Slow servers that are not sent to, since the others suffice.
        var leftOut: Set<ServerAddress> = []
        var excluded: [ServerAddress] = []
        /// Whether a server that takes the chunk brings it to the others.
        var isForwarded: Bool
        var crc32c: UInt32?
        private(set) var lastError: DFSError?

        init(allocation: ChunkAllocation, isForwarded: Bool) {
            self.allocation = allocation
            self.isForwarded = isForwarded
        }

        /// The assigned servers that have not acknowledged.
        var missing: [ServerAddress] { allocation.servers.filter { acknowledged[$0] == nil } }
        var untried: [ServerAddress] { missing.filter { !failed.contains($0) && !leftOut.contains($0) } }
        var heldBy: [ServerAddress] { allocation.servers.filter { acknowledged[$0] != nil } }
        /// Whether nothing worse has happened than that servers were slow.
        var isOnlySlow: Bool { !failed.isEmpty && failed.allSatisfy { slow[$0] != nil } }
    }
}

extension ChunkPut.Standing {
    /// Before the servers are sent to that have not got the chunk.
    mutating func beginRound() {
        failed = []
        slow = [:]
        leftOut = []
    }

    /// Other servers; those that have the chunk may be among them.
    mutating func take(_ replacement: ChunkAllocation) {
        // Another id is another chunk: nobody holds it yet.
        if replacement.chunkID != allocation.chunkID { acknowledged = [:] }
        allocation = replacement
    }

    /// Has the servers that failed replaced; who is avoided of those that were slow, the whole put decides.
    mutating func excludeFailed() {
        excluded += missing.filter { slow[$0] == nil && !leftOut.contains($0) && !excluded.contains($0) }
    }

    /// Notes a server that could not be asked.
    mutating func fail(_ server: ServerAddress, _ error: DFSError) {
        failed.insert(server)
        lastError = error
    }

    /// Takes what the call to the first of `route` gave.
    mutating func add(_ outcome: ChunkPut.RouteOutcome, of route: [ServerAddress]) {
        switch outcome.result {
        case .success(let answer):
            acknowledged[route[0]] = answer.acknowledgement
            guard route.count > 1 else { return }
            // A server that is older than chains: the others are sent to from here.
            guard let chain = answer.chain else { return isForwarded = false }
            add(chain, of: route)
        case .failure(let error):
            fail(route[0], error)
            if outcome.slow != nil { slow[route[0]] = .client }
        }
    }

    private mutating func add(_ chain: ChainResult, of route: [ServerAddress]) {
        var feeder = route[0]
        for server in route.dropFirst() {
            if let acknowledgement = chain.acknowledged[server] {
                acknowledged[server] = acknowledgement
                if acknowledgement == .durable { feeder = server }
            } else if chain.failed.contains(server) {
                let fault = chain.slow[server].map { "was slow: it took only \($0 >> 10) KiB a second" }
                fail(
                    server,
                    DFSError(
                        .unavailable,
                        "chunk server \(server) \(fault ?? "could not be reached, or failed,") behind \(feeder)",
                        advice: .tryOtherReplica))
                if fault != nil { slow[server] = .server(feeder) }
            }
        }
    }

    /// What the servers have acknowledged, which is enough.
    func written(length: Int, crc32c: UInt32) -> WrittenChunk {
        WrittenChunk(
            chunkID: allocation.chunkID, length: length, crc32c: crc32c,
            durable: heldBy.filter { acknowledged[$0] == .durable },
            unverified: heldBy.filter { acknowledged[$0] == .syncedUnverified })
    }
}
