import DFSCore

@testable import DFSMetadata

// Heartbeats of servers that tell differences.
extension World {
    /// A full report where a session begins or the master asks for it, otherwise what has changed. In the storm reports are cut,
    /// and differences are lost or come twice, as none does on a stream that keeps its order: the digests are to find it.
    mutating func tellDifferences(_ number: Int) throws {
        let server = servers[number]
        if var session = server.session, session.life == server.life, !server.mustTellAll {
            let difference = session.difference(server.inventory)
            servers[number].session = session
            if isStormy, chance(4) { return note("a difference of \(server.address) is lost") }
            try perform(master.step(.inventory(difference, server.stream)))
            if isStormy, chance(4) { try perform(master.step(.inventory(difference, server.stream))) }
            return
        }
        var session = ToldInventory(server.address, life: server.life)
        let key = UInt64.random(in: 0 ... .max, using: &random)
        let parts = session.fullReport(server.inventory, key: key, pageCount: 3)
        servers[number].session = session
        servers[number].mustTellAll = false
        servers[number].hasMetMaster = true
        let end = isStormy && chance(10) ? Int.random(in: 0..<parts.count, using: &random) : parts.count
        for part in parts[..<end] { try perform(master.step(.inventory(part, server.stream))) }
        guard end < parts.count else { return }
        note("a report of \(server.address) is cut")
        try perform(master.step(.heartbeatStreamEnded(server.address, server.stream)))
        servers[number].life += 1
    }
}
