import DFSCore
import Testing

@testable import DFSMetadata

/// Servers that come back under another address: for a time the same copies stand at two of them.
@Suite struct MovedServerTests {
    @Test(arguments: [NodeKind.swift, .go])
    func theOnlyCopyStaysWhereItsServerComesBackUnderAnotherAddress(_ kind: NodeKind) throws {
        var cluster = ObedientCluster()
        for server in [":1", ":2"] { try cluster.join(server, kind) }
        try cluster.run(35)
        let id = try cluster.put("a", .short, on: [":1"])
        try cluster.run(15)
        try cluster.move(":1", to: ":9")
        try cluster.run(120)
        #expect(cluster.holders(id).contains(":9"))
        #expect(!cluster.log.contains { $0.contains(" -") }, "\(cluster.log)")
    }

    @Test func oneCopyAtTwoAddressesMakesUpForNoOther() throws {
        var cluster = ObedientCluster()
        for server in [":1", ":2", ":3"] { try cluster.join(server) }
        cluster.makesCopies = false
        try cluster.run(35)
        let id = try cluster.put("a", .short, on: [":1", ":2"])
        try cluster.set(.decommissioning, ":2")
        try cluster.move(":1", to: ":9")
        for _ in 0..<60 {
            try cluster.run(1)
            #expect(try cluster.master.standing(":2").state == .decommissioning)
        }
        #expect(cluster.holders(id) == [":2", ":9"])
    }

    @Test func copiesTooManyOfAServerWithoutAStreamGoWhenItIsBack() throws {
        var cluster = ObedientCluster()
        for server in [":1", ":2"] { try cluster.join(server, .go) }
        try cluster.run(35)
        let id = try cluster.put("a", .short, on: [":1", ":2"])
        try cluster.run(15)
        for server in try [":1", ":2"].map({ try ServerAddress($0) }) {
            _ = cluster.master.step(.heartbeatStreamEnded(server, MasterHarness.stream(of: server, life: 0)))
        }
        let path = try FileName("a")
        try cluster.perform(cluster.master.ask { .setReplication(path, 1, $0) }.effects)
        #expect(cluster.holders(id).count == 2)
        try cluster.run(20)
        #expect(cluster.holders(id).count == 1)
    }

    // MARK: Nodes that tell who they are

    /// A master that knows a server, with a chunk, and a node of the same id at another address.
    private struct Move {
        var master = MasterHarness()
        var former: ToldInventory
        var present: ToldInventory
        let id: ChunkID

        init() throws {
            former = ToldInventory(try ServerAddress(":1"))
            present = ToldInventory(try ServerAddress(":9"), nodeID: former.nodeID)
            _ = master.take(former.fullReport([:]), on: former.stream)
            let upload = try master.create("a", copies: 1).answer.upload()
            id = try master.allocate("a", 0, upload: upload).answer.allocation().id
            let written = WrittenChunk(id: id, digest: .short, servers: [former.address])
            #expect(master.complete(upload, [written]).answer.code == nil)
            _ = master.take([former.difference([id: .short])], on: former.stream)
        }

        /// As the master believes.
        var alive: [String] { master.state.servers.all.filter(\.isAlive).map(\.address.description) }
    }

    @Test func theFormerAddressCountsNoMoreWhenTheNodeHasToldAllFromTheNewOne() throws {
        var move = try Move()
        var pages = move.present.fullReport([move.id: .short])
        let sum = pages[0].sum
        pages[0].sum = nil
        _ = move.master.take(pages, on: move.present.stream)
        #expect(move.alive == [":1", ":9"], "what it has not told yet is known from there")
        pages[0].key = nil
        pages[0].added = []
        pages[0].sum = sum
        let effects = move.master.take(pages, on: move.present.stream)
        #expect(move.alive == [":9"])
        #expect(effects.contains { if case .log(.serverMoved) = $0 { true } else { false } })
        #expect(move.master.state.losses.byServer.isEmpty, "nothing is lost")
        #expect(try move.master.open("a").answer.opened().chunks[0].servers.map(\.description) == [":9"])
        // It is moved back.
        var again = ToldInventory(move.former.address, life: 850)
        _ = move.master.take(again.fullReport([move.id: .short]), on: again.stream)
        #expect(move.alive == [":1"])
    }

    /// Otherwise a storm waits for it, though all is there.
    @Test func aServerThatWasFoundDeadAndComesBackElsewhereIsNotLost() throws {
        var move = try Move()
        for _ in 0..<8 { _ = move.master.tick(after: .seconds(5)) }
        #expect(move.alive.isEmpty && move.master.state.losses.byServer.count == 1)
        _ = move.master.take(move.present.fullReport([move.id: .short]), on: move.present.stream)
        #expect(move.alive == [":9"] && move.master.state.losses.byServer.isEmpty)
        #expect(try move.master.open("a").answer.opened().chunks[0].servers.map(\.description) == [":9"])
    }

    @Test func ofTwoNodesWithOneIDTheOneWithTheNewerSessionCounts() throws {
        var move = try Move()
        _ = move.master.take(move.present.fullReport([move.id: .short]), on: move.present.stream)
        for _ in 0..<5 {
            let effects = move.master.take([move.former.difference([move.id: .short])], on: move.former.stream)
            #expect(!effects.wantFullReport)
            #expect(move.alive == [":9"])
        }
        // The other one is gone.
        _ = move.master.step(.heartbeatStreamEnded(move.present.address, move.present.stream))
        _ = move.master.take([move.former.difference([move.id: .short])], on: move.former.stream)
        #expect(move.alive.contains(":1"))
    }
}
