import DFSCore

/// Chooses servers for new replicas: most available space first, ties in random order, and never a server without room.
struct Placement: Sendable {
    /// Room that the replica needs, reserved on each chosen server until its next heartbeat.
    let bytes: UInt64
    /// Servers that may not be chosen.
    var excluded: Set<ServerHandle> = []

    /// Chooses up to `count` servers, best first. Servers that have a heartbeat stream go before those that just lost it,
    /// since a process that was killed closes its connection at once but counts as alive for a while.
    func choose(
        _ count: Int, from servers: [Server], using random: inout SeededGenerator
    ) -> [ServerHandle] {
        guard count > 0 else { return [] }
        var candidates = servers.filter { fits($0) }
        candidates.shuffle(using: &random)
        // `sort` keeps the shuffled order of equals.
        candidates.sort { left, right in
            if (left.stream == nil) != (right.stream == nil) { return left.stream != nil }
            return left.availableBytes > right.availableBytes
        }
        return candidates.prefix(count).map(\.handle)
    }

    private func fits(_ server: Server) -> Bool {
        server.isAlive && server.availableBytes >= max(bytes, 1) && !excluded.contains(server.handle)
    }
}

extension ServerTable {
    /// Charges `bytes` to `server` until its next heartbeat tells its true free space.
    mutating func reserve(_ bytes: UInt64, on server: ServerHandle) {
        self[server].reservedBytes &+= bytes
    }
}
