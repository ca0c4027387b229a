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
        if chance(1) { restartMaster() }
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
