import DFSCore

@testable import DFSMetadata

// What goes wrong, and how it ends.
extension World {
    /// Draws this second's misfortunes.
    mutating func misbehave() throws {
        for number in servers.indices {
            if servers[number].isUp, chance(2) {
                try kill(number)
            } else if !servers[number].isUp, chance(10) {
                start(number)
            }
        }
        if chance(1), chance(30) {
            for number in servers.indices where servers[number].isUp && chance(70) { try kill(number) }
        }
        if chance(2) { try changeRepair() }
        if chance(1) { restartMaster() }
        try operate()
        if chance(5) { rot() }
        if chance(10) { try readDamage() }
        if chance(15) { try beginUpload() }
        if chance(3), appenders.count < 6 { beginAppender() }
        for number in uploads.indices where !uploads[number].isOver && chance(3) {
            try endUpload(number)
        }
    }

    /// Every node comes back, every client is gone, and nothing fails from now on.
    mutating func heal() throws {
        isStormy = false
        for number in servers.indices where !servers[number].isUp { start(number) }
        for number in uploads.indices where !uploads[number].isOver { try endUpload(number) }
    }

    /// A bit of some copy flips, though never of the last good one, nor of a second one before the first is found: two
    /// copies are no defence against that.
    private mutating func rot() {
        guard let contents = acknowledged.sorted(by: { $0.key < $1.key }).randomElement(using: &random)?.value,
            let content = contents.randomElement(using: &random)
        else { return }
        for number in servers.indices.shuffled(using: &random) {
            guard let chunk = servers[number].chunks.keys.sorted().first(where: { servers[number].holds($0, content) })
            else { continue }
            let holders = servers.filter { $0.chunks[chunk] != nil }
            guard isSealed(chunk), holders.count > 1, holders.allSatisfy({ $0.holds(chunk, content) }) else { return }
            note("rot of \(chunk) on \(servers[number].address)")
            if servers[number].kind == .swift {
                servers[number].rotten.insert(chunk)
            } else {
                servers[number].chunks[chunk] = Digest(length: content.length, crc32c: content.crc32c ^ 0x10)
            }
            return
        }
    }

    /// Whether the master has put down what the chunk must be. Before that nobody can tell on a Go server.
    private func isSealed(_ chunk: ChunkID) -> Bool {
        guard let handle = master.state.chunk(named: chunk) else { return false }
        return master.state.namespace.facts(master.state.chunks[handle].file)?.isSealed == true
    }

    /// A reader happens to be given wrong bytes.
    private mutating func readDamage() throws {
        guard let server = servers.filter({ $0.isUp && !$0.rotten.isEmpty }).randomElement(using: &random),
            let chunk = server.rotten.sorted().randomElement(using: &random)
        else { return }
        try perform(master.ask { .damage(chunk, at: server.address, $0) }.effects)
    }

    /// Servers of ours come to all their chunks in time.
    mutating func scrub() throws {
        for number in servers.indices where servers[number].isUp && (!isStormy || chance(5)) {
            for chunk in servers[number].rotten.sorted() { try findDamage(chunk, number) }
        }
    }

    /// The server puts its copy aside, and tells.
    mutating func findDamage(_ chunk: ChunkID, _ number: Int) throws {
        servers[number].remove(chunk)
        note("damage of \(chunk) found by \(servers[number].address)")
        let server = servers[number]
        guard server.hasMetMaster else { return }
        let report = ReplicaReport(
            address: server.address, nodeID: MasterHarness.nodeID(of: server.address), connection: server.connection,
            replicas: [],
            damaged: [chunk])
        try perform(master.ask { .report(report, $0) }.effects)
    }

    private mutating func kill(_ number: Int) throws {
        servers[number].isUp = false
        note("kill \(servers[number].address) \(servers[number].kind)")
        let server = servers[number]
        // One of ours that is told to stop ends its stream in order.
        let hasLeft = server.kind == .swift && chance(50)
        try perform(
            master.step(
                hasLeft
                    ? .serverLeft(server.address, server.stream) : .heartbeatStreamEnded(server.address, server.stream))
        )
        try perform(master.step(.connectionClosed(server.connection)))
    }

    private mutating func start(_ number: Int) {
        servers[number].isUp = true
        servers[number].life += 1
        for chunk in servers[number].open.keys { servers[number].open[chunk]?.lease = nil }
        servers[number].hasMetMaster = false
        note("start \(servers[number].address)")
    }

    private mutating func restartMaster() {
        master.restart()
        note("master restarts")
        for number in servers.indices where servers[number].isUp { servers[number].life += 1 }
        // Swift clients go on over new connections; Go clients fail at their next call, which is simulated as their end.
        for number in uploads.indices where uploads[number].writer == .go { uploads[number].isOver = true }
    }
}
