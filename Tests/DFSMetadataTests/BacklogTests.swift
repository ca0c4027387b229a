import DFSCore
import Testing

@testable import DFSMetadata

/// What befalls very many at once is worked off a piece at a time.
@Suite struct BacklogTests {
    @Test func aConnectionHoldsABoundedNumberOfUploads() throws {
        var policy = ClusterPolicy()
        policy.maxUploadsPerConnection = 3
        var master = MasterHarness(policy: policy)
        let uploads = try (0..<3).map { try master.create("f\($0)").answer.upload() }
        #expect(try master.create("f3").answer.code == .resourceExhausted)
        #expect(try master.create("f3", over: 2).answer.code == nil)
        _ = master.ask { .abandon(uploads[0], $0) }
        #expect(try master.create("f4").answer.code == nil)
    }

    @Test func theLeasesOfAWriterOfVeryManyFilesEndAThousandATick() throws {
        var master = MasterHarness()
        for number in 0..<2500 { _ = try master.create("f\(number)") }
        _ = master.close(1)
        #expect(master.state.hasBacklog)
        while master.state.hasBacklog { _ = master.step(.goOn) }
        #expect(master.tick(after: .seconds(9)).abandonedCount == 0)
        master.pass(.seconds(1))
        #expect(
            [master.tick(), master.tick(), master.tick(), master.tick()].map(\.abandonedCount) == [1000, 1000, 500, 0])
        #expect(master.image.files.isEmpty)
    }

    /// A writer that came back over another connection meanwhile keeps its upload.
    @Test func anUploadThatWasTakenUpAgainStays() throws {
        var master = MasterHarness()
        try master.join(.swift, ":1", ":2")
        var uploads: [FileID] = []
        for number in 0..<300 { uploads.append(try master.create("f\(number)").answer.upload()) }
        let last = try #require(uploads.last)
        _ = master.close(1)
        #expect(master.state.hasBacklog)
        _ = try master.allocate("f299", 0, upload: last, over: 2)
        while master.state.hasBacklog { _ = master.step(.goOn) }
        #expect(master.tick(after: .seconds(11)).abandonedCount == 299)
        #expect(master.image.files.map(\.header.id) == [last])
    }

    @Test func allChunksOfADeadServerAreCopiedInTheEnd() throws {
        var master = MasterHarness()
        try master.join(.swift, ":1", ":2")
        var ids: [ChunkID] = []
        for number in 0..<250 {
            ids.append(try master.putFile("f\(number)").id)
            _ = try master.beat([":1": ids, ":2": ids])
        }
        try master.join(.swift, ":3")
        var copied: Set<ChunkID> = []
        for _ in 0..<400 where copied.count < ids.count {
            master.pass(.seconds(5))
            let effects = try master.beat([":1": ids, ":3": Array(copied)]) + master.tick()
            for id in ids where effects.copies.contains("\(id)>:3") {
                copied.insert(id)
                _ = try master.report(":3", [(id, .short)])
            }
            while master.state.hasBacklog { _ = master.step(.goOn) }
        }
        #expect(copied.count == ids.count)
    }

    /// A rack that dies costs no decision more than one server: nothing is gone through, or sorted, for all of them at once.
    @Test func serversThatDieTogetherAreNotGoneThroughInOneDecision() throws {
        var policy = ClusterPolicy.withoutSafeMode
        policy.replication = 3
        policy.repairGrace = .zero
        var master = MasterHarness(policy: policy)
        try master.join(.swift, ":1", ":2", ":3", ":4", ":5", ":6")
        var lists: [String: [ChunkID]] = [:]
        for number in 0..<600 {
            let (id, servers) = try master.putFile("f\(number)")
            for server in servers { lists[server, default: []].append(id) }
            if number % 50 == 0 { _ = try master.beat(lists) }
        }
        _ = try master.beat(lists)
        while master.state.hasBacklog { _ = master.step(.goOn) }
        master.pass(.seconds(31))
        _ = try master.beat(lists.filter { [":4", ":5", ":6"].contains($0.key) })
        _ = master.tick()
        #expect(master.state.losses.servers.count == 3)
        #expect(master.state.backlog.work.count { !$0.chunks.isEmpty } <= 1)
        #expect(master.state.healths.under + master.state.healths.missing <= MasterState.countPerStep)
        while master.state.hasBacklog { _ = master.step(.goOn) }
        let lost = Set([":1", ":2", ":3"].flatMap { lists[$0] ?? [] })
        #expect(master.state.healths.under + master.state.healths.missing == lost.count)
        for server in master.state.losses.servers {
            #expect(master.state.losses.byServer[server]?.isKnown == true)
        }
    }

    /// What a server holds is read back once it is known to be a Go node: however much it is, nobody waits for that.
    @Test func aServerThatProvesToBeAGoNodeIsLookedAtAPieceAtATime() throws {
        var master = MasterHarness()
        try master.join(.swift, ":1", ":2")
        var ids: [ChunkID] = []
        for number in 0..<250 {
            ids.append(try master.putFile("f\(number)").id)
            _ = try master.beat([":1": ids, ":2": ids])
        }
        _ = try master.heartbeat(":3", ids)
        while master.state.hasBacklog { _ = master.step(.goOn) }
        var effects = try master.described(":3", .go)
        #expect(master.state.hasBacklog)
        while master.state.hasBacklog { effects += master.step(.goOn) }
        var read: Set<ChunkID> = []
        for _ in 0..<1000 where read.count < ids.count {
            let reads = effects.reads
            effects = []
            for id in ids where reads.contains("\(id)@:3") {
                read.insert(id)
                effects += try master.readBack(id, ":3", .read(.short))
            }
        }
        #expect(read.count == ids.count)
    }
}

extension [Effect] {
    fileprivate var abandonedCount: Int {
        count { if case .log(.abandoned) = $0 { true } else { false } }
    }
}
