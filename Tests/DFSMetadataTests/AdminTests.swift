import DFSCore
import Testing

@testable import DFSMetadata

/// Servers that an operator takes out of service, for good or for a while.
@Suite struct AdminTests {
    /// Three servers that hold all they are given; nothing waits for the master's start any more.
    private func cluster(_ kind: NodeKind = .swift) throws -> ObedientCluster {
        var cluster = ObedientCluster()
        for address in [":1", ":2", ":3"] { try cluster.join(address, kind) }
        try cluster.run(35)
        return cluster
    }

    @Test(arguments: [NodeKind.swift, .go])
    func aDecommissionedServerHasNothingThatIsNotElsewhere(_ kind: NodeKind) throws {
        var cluster = try cluster(kind)
        let id = try cluster.put("a", .short, on: [":1", ":2"])
        #expect(try cluster.set(.decommissioning, ":1").answer.code == nil)
        #expect(try cluster.master.standing(":1").isReady == false)
        try cluster.run(20)
        let standing = try cluster.master.standing(":1")
        #expect(standing.state == .decommissioned && standing.isReady && standing.blockingCount == 0)
        #expect(cluster.holders(id) == [":1", ":2", ":3"], "its copy is kept")
        #expect(try cluster.master.summary().overChunks == 0)
        try cluster.run(120)
        #expect(cluster.holders(id) == [":1", ":2", ":3"])
        #expect(!cluster.log.contains { $0.contains("-") })
    }

    @Test func whatBlocksIsToldWithTheNamesOfFilesAndWhy() throws {
        var cluster = try cluster()
        let id = try cluster.put("d/a", .short, on: [":1", ":2", ":3"])
        try cluster.set(.decommissioning, ":1")
        try cluster.run(10)
        let standing = try cluster.master.standing(":1")
        #expect(standing.state == .decommissioning && !standing.isReady && standing.blockingCount == 1)
        #expect(standing.examples == [BlockingChunk(id: id, path: "d/a", copies: 2, wanted: 3)])
        #expect(standing.reason.contains("2 other servers are there for 3 copies"))
        try cluster.join(":4")
        try cluster.run(10)
        #expect(try cluster.master.standing(":1").state == .decommissioned)
    }

    @Test func nothingIsPlacedOnAServerThatIsToGoAndItIsReadLast() throws {
        var cluster = try cluster()
        try cluster.put("a", .short, on: [":1", ":2"])
        try cluster.set(.decommissioning, ":1")
        for number in 0..<10 {
            let upload = try cluster.master.create("f\(number)").answer.upload()
            let servers = try cluster.master.allocate("f\(number)", 0, upload: upload).answer.allocation().servers
            #expect(Set(servers) == [":2", ":3"])
            let readers = try cluster.master.open("a").answer.opened().chunks[0].servers.map(\.description)
            #expect(readers.last == ":1" && readers.count == 3)
        }
        try cluster.set(.decommissioning, ":2")
        let upload = try cluster.master.create("g").answer.upload()
        #expect(try cluster.master.allocate("g", 0, upload: upload).answer.code == .resourceExhausted)
    }

    @Test func theOnlyCopyIsCopiedFromTheServerThatIsToGo() throws {
        var cluster = try cluster()
        let id = try cluster.put("a", .short, on: [":1"])
        try cluster.set(.decommissioning, ":1")
        try cluster.run(10)
        #expect(cluster.log.count == 1 && cluster.log[0].hasPrefix("\(id) :1>"))
        #expect(try cluster.master.standing(":1").state == .decommissioned)
    }

    @Test func theStateIsDurableAndTheSameWishAgainChangesNothing() throws {
        var cluster = try cluster()
        #expect(try cluster.set(.decommissioning, ":1").effects.mutations.count == 1)
        #expect(try cluster.set(.decommissioning, ":1").effects.mutations.isEmpty)
        try cluster.set(.maintenance, ":2", for: .seconds(600))
        try cluster.restartMaster()
        #expect(try cluster.master.standing(":1").state == .decommissioning)
        #expect(try cluster.master.standing(":2").state == .maintenance)
        try cluster.run(35)
        #expect(try cluster.master.standing(":1").state == .decommissioned)
        #expect(cluster.master.image.servers.map(\.state) == [.maintenance, .decommissioned])
        #expect(try cluster.set(.decommissioning, ":1").effects.mutations.isEmpty, "it stays decommissioned")
        try cluster.set(.normal, ":1")
        try cluster.set(.normal, ":2")
        #expect(cluster.master.image.servers.isEmpty)
    }

    @Test func aServerThatNobodyHasHeardOfIsNotTakenForEmpty() throws {
        var cluster = try cluster()
        try cluster.put("a", .short, on: [":1"])
        try cluster.set(.decommissioning, ":1")
        cluster.away = [":1"]
        try cluster.restartMaster()
        try cluster.run(400)
        let standing = try cluster.master.standing(":1")
        #expect(standing.state == .decommissioning && !standing.isReady)
        #expect(standing.reason.contains("not heard of since the master started"))
    }

    @Test func aDecommissionedServerThatIsNeededAgainSaysSo() throws {
        var cluster = try cluster()
        try cluster.put("a", .short, on: [":1", ":2"])
        try cluster.set(.decommissioning, ":1")
        try cluster.run(10)
        #expect(try cluster.master.standing(":1").state == .decommissioned)
        cluster.away = [":3"]
        try cluster.run(40)
        let standing = try cluster.master.standing(":1")
        #expect(standing.state == .decommissioning && standing.blockingCount == 1)
    }

    @Test func recommissioningTakesTheServerBackAndSurplusCopiesGo() throws {
        var cluster = try cluster()
        let id = try cluster.put("a", .short, on: [":1", ":2"])
        try cluster.set(.decommissioning, ":1")
        try cluster.run(10)
        try cluster.set(.normal, ":1")
        try cluster.run(10)
        #expect(cluster.holders(id).count == 2)
        #expect(try cluster.master.standing(":1") == AdminStanding(server: try ServerAddress(":1"), state: .normal))
    }

    /// Their records stay, and no chunk of theirs is to be looked at any more.
    @Test func serversThatHaveLeftDoNotSlowDownThoseThatLeave() throws {
        var policy = ClusterPolicy.withoutSafeMode
        policy.chunkSize = Digest.short.length
        var master = MasterHarness(policy: policy)
        let gone = (100..<150).map { ":\($0)" }
        for server in gone {
            try master.join(.go, server)
            _ = try master.set(.decommissioning, server)
        }
        master.pass(.seconds(25))
        for server in gone { _ = try master.heartbeat(server) }
        _ = master.tick(after: .seconds(10))
        for server in gone { #expect(try master.standing(server).state == .decommissioned) }
        master.pass(.seconds(40))
        let stay = [":1", ":2", ":3"]
        for server in stay {
            _ = try master.heartbeat(server, free: 1_000_000)
            _ = try master.described(server, .go)
        }
        _ = master.tick()
        let upload = try master.create("a", copies: 3).answer.upload()
        let holders = try stay.map { try ServerAddress($0) }
        let written = try (0..<5000).map { index in
            let id = try master.allocate("a", index, upload: upload).answer.allocation().id
            return WrittenChunk(id: id, digest: .short, servers: holders)
        }
        #expect(master.complete(upload, written).answer.code == nil)
        _ = try master.set(.decommissioning, ":1")
        _ = master.tick(after: .seconds(1))
        #expect(try master.standing(":1").blockingCount == 5000)
    }

    /// A Go server lists what it got when it was told last; what has come since nobody knows of.
    @Test func aDeadServerIsNotFreeWhileThereAreChunksThatNobodyHas() throws {
        var cluster = ObedientCluster(policy: .withoutSafeMode)
        try cluster.join(":1", .go)
        for server in [":2", ":3"] { try cluster.join(server) }
        _ = try cluster.put("a", .short, on: [":2"])
        try cluster.run(10)
        cluster.away = [":1", ":2"]
        try cluster.run(60)
        try cluster.set(.decommissioning, ":1")
        try cluster.run(60)
        let standing = try cluster.master.standing(":1")
        #expect(standing.state == .decommissioning && standing.reason.contains("no copy anywhere"))
        cluster.away = [":1"]
        try cluster.run(60)
        #expect(try cluster.master.standing(":1").state == .decommissioned)
    }

    @Test func anUnknownServerIsAnErrorThatNamesIt() throws {
        var cluster = try cluster()
        let answer = try cluster.set(.decommissioning, ":9").answer
        #expect(answer.code == .notFound)
        if case .failure(let error) = answer { #expect(error.message.contains(":9")) }
    }

    @Test func aNodeThatMovesToAnotherAddressTakesItsStateAlong() throws {
        var cluster = try cluster()
        try cluster.set(.decommissioning, ":1")
        cluster.away = [":1"]
        try cluster.run(35)
        _ = try cluster.master.heartbeat(":7")
        let moved = ServerAddress(host: "", port: 7)
        _ = cluster.master.step(
            .described(moved, .swift, nodeID: MasterHarness.nodeID(of: try ServerAddress(":1")), location: nil))
        #expect(try cluster.master.standing(":7").state != .normal)
        #expect(try cluster.master.standing(":1").state == .normal)
        #expect(cluster.master.image.servers.map(\.address) == [moved])
    }

    /// Before its former address counts as dead.
    @Test func aNodeThatMovesWithinMomentsIsNotTakenForTwo() throws {
        var cluster = try cluster()
        try cluster.set(.decommissioning, ":1")
        cluster.away = [":1"]
        _ = try cluster.master.heartbeat(":7")
        let moved = ServerAddress(host: "", port: 7)
        _ = cluster.master.step(
            .described(moved, .swift, nodeID: MasterHarness.nodeID(of: try ServerAddress(":1")), location: nil))
        for _ in 0..<35 {
            try cluster.run(1)
            _ = try cluster.master.heartbeat(":7")
            #expect(try cluster.master.standing(":1").state != .decommissioned)
        }
        #expect(try cluster.master.standing(":1").state == .normal)
        #expect(cluster.master.image.servers.map(\.address) == [moved])
    }

    @Test func theOpenChunkOfAServerThatIsToGoIsSealedAndTheNextOneIsElsewhere() throws {
        var cluster = try cluster()
        try cluster.put("log", .short, on: [":1", ":2"])
        let place = try cluster.master.openAppend("log", "w").answer.place()
        let leaving = try #require(place.servers.first).description
        try cluster.set(.decommissioning, leaving)
        let effects = cluster.master.tick(after: .seconds(1))
        #expect(effects.fences.contains { $0.hasSuffix("@\(leaving)") })
        for server in place.servers {
            let version = OpenVersion(chunk: place.chunk.chunk, version: place.chunk.version + 1)
            try cluster.perform(
                cluster.master.fenced(version, server, FenceAnswer(hasChunk: false, length: 0, isSealed: false)))
        }
        let next = try cluster.master.openAppend("log", "w").answer.place()
        #expect(!next.servers.map(\.description).contains(leaving))
    }
}
