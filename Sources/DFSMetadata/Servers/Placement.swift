import DFSCore

/// Chooses servers for new replicas: on other racks than the copies that there are, as far as there are enough; then where
/// most space is free, ties in random order; and never a server without room.
///
/// A server that is to take far more than the others already comes behind those of its distance, however empty it is: else
/// one that is new would have to take every chunk until it is as full as they are.
struct Placement: Sendable {
    /// Room that the replica needs, reserved on each chosen server until its next heartbeat.
    let bytes: UInt64
    /// Servers that may not be chosen.
    var excluded: Set<ServerHandle> = []
    /// Where copies are already, or will be.
    var taken: [NetworkLocation] = []
    /// Where the writer is: a server on the same machine gets the first copy, and the others follow in the order of their
    /// distances, each from the one before.
    var writer: NetworkLocation?

    /// Chooses up to `count` servers, in the order in which a chunk should go along them. Servers that have a heartbeat stream
    /// go before those that just lost it, since a process that was killed closes its connection at once but counts as alive
    /// for a while.
    func choose(
        _ count: Int, from servers: [Server], using random: inout SeededGenerator
    ) -> [ServerHandle] {
        guard count > 0 else { return [] }
        var candidates = servers.indices.filter { fits(servers[$0]) }
        candidates.shuffle(using: &random)
        let fair = fairShare(of: candidates.lazy.map { servers[$0].promisedBytes })
        var chosen: [Server] = []
        for _ in 0..<min(count, candidates.count) {
            let taken = taken + chosen.map(\.location)
            func order(_ candidate: Int) -> (Int, Int, UInt64) {
                let server = servers[candidate]
                return (rank(server, taken), server.promisedBytes > fair ? 1 : 0, .max - server.availableBytes)
            }
            // Of equals the first counts, which is any of them.
            let best = candidates.indices.min { order(candidates[$0]) < order(candidates[$1]) }
            if let best { chosen.append(servers[candidates.remove(at: best)]) }
        }
        return alongTheWay(chosen).map(\.handle)
    }

    private func fits(_ server: Server) -> Bool {
        server.isAlive && server.adminState == .normal && server.availableBytes >= max(bytes, 1)
            && !excluded.contains(server.handle)
    }

    /// What a server may be to take without coming behind the others: twice what they are on average, and a few chunks.
    private func fairShare(of promised: some Collection<UInt64>) -> UInt64 {
        let total = promised.reduce(into: 0.0) { $0 += Double($1) }
        return UInt64(2 * total / Double(max(1, promised.count))) &+ 4 * min(bytes, 1 << 40)
    }

    /// The lower the better.
    private func rank(_ server: Server, _ taken: [NetworkLocation]) -> Int {
        let closeness =
            if taken.contains(server.location) {
                3
            } else if taken.contains(where: { $0.rack.utf8.elementsEqual(server.location.rack.utf8) }) {
                2
            } else {
                taken.isEmpty && writer != server.location ? 1 : 0
            }
        return (server.stream == nil ? 4 : 0) + closeness
    }

    private func alongTheWay(_ servers: [Server]) -> [Server] {
        guard var here = writer else { return servers }
        var (rest, way) = (servers, [Server]())
        while let next = rest.indices.min(by: {
            here.distance(to: rest[$0].location) < here.distance(to: rest[$1].location)
        }) {
            way.append(rest.remove(at: next))
            here = way[way.count - 1].location
        }
        return way
    }
}

extension ServerTable {
    /// Charges `bytes` to `server` until its next heartbeat tells its true free space.
    mutating func reserve(_ bytes: UInt64, on server: ServerHandle) {
        self[server].reservedBytes &+= bytes
    }
}
