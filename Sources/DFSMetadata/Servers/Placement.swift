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

    /// What decides about one server, taken out of its record once: that is large, and there are very many.
    private struct Candidate {
        let index: Int
        let location: NetworkLocation
        let hasStream: Bool
        let takesTooMuch: Bool
        let availableBytes: UInt64
        /// To the copies that there are, or will be: 3 for the same machine, 2 for the same rack, and else 0; 1 while there are
        /// none and the writer is elsewhere.
        var closeness: Int
        var isChosen = false

        /// Whether it goes before `other`.
        func isBetter(than other: Candidate) -> Bool {
            let (rank, otherRank) = (rank, other.rank)
            if rank != otherRank { return rank < otherRank }
            if takesTooMuch != other.takesTooMuch { return other.takesTooMuch }
            return availableBytes > other.availableBytes
        }

        private var rank: Int { (hasStream ? 0 : 4) + closeness }
    }

    /// Chooses up to `count` servers, in the order in which a chunk should go along them. Servers that have a heartbeat stream
    /// go before those that just lost it, since a process that was killed closes its connection at once but counts as alive
    /// for a while.
    func choose(
        _ count: Int, from servers: [Server], using random: inout SeededGenerator
    ) -> [ServerHandle] {
        guard count > 0 else { return [] }
        var candidates = candidates(from: servers, using: &random)
        var chosen: [Int] = []
        for _ in 0..<min(count, candidates.count) {
            // Of equals the first counts, which is any of them.
            var best: Int?
            for at in candidates.indices where !candidates[at].isChosen {
                if let known = best, !candidates[at].isBetter(than: candidates[known]) { continue }
                best = at
            }
            guard let best else { break }
            candidates[best].isChosen = true
            chosen.append(candidates[best].index)
            let place = candidates[best].location
            for at in candidates.indices where !candidates[at].isChosen {
                // From now on there is a copy, so nearness to the writer decides nothing.
                let known = candidates[at].closeness == 1 ? 0 : candidates[at].closeness
                candidates[at].closeness = max(known, Self.closeness(of: candidates[at].location, to: place))
            }
        }
        return alongTheWay(chosen.map { servers[$0] }).map(\.handle)
    }

    /// Those that may be chosen, in random order.
    private func candidates(from servers: [Server], using random: inout SeededGenerator) -> [Candidate] {
        var fitting = servers.indices.filter { index in
            servers[index].isAlive && servers[index].adminState == .normal
                && servers[index].availableBytes >= max(bytes, 1) && !excluded.contains(servers[index].handle)
        }
        fitting.shuffle(using: &random)
        let fair = fairShare(of: fitting.lazy.map { servers[$0].promisedBytes })
        return fitting.map { index in
            let location = servers[index].location
            return Candidate(
                index: index, location: location, hasStream: servers[index].stream != nil,
                takesTooMuch: servers[index].promisedBytes > fair, availableBytes: servers[index].availableBytes,
                closeness: taken.map { Self.closeness(of: location, to: $0) }.max() ?? (writer == location ? 0 : 1))
        }
    }

    /// What a server may be to take without coming behind the others: twice what they are on average, and a few chunks.
    private func fairShare(of promised: some Collection<UInt64>) -> UInt64 {
        let total = promised.reduce(into: 0.0) { $0 += Double($1) }
        return UInt64(2 * total / Double(max(1, promised.count))) &+ 4 * min(bytes, 1 << 40)
    }

    private static func closeness(of location: NetworkLocation, to other: NetworkLocation) -> Int {
        guard location.rack.utf8.elementsEqual(other.rack.utf8) else { return 0 }
        return location == other ? 3 : 2
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
