import DFSCore
import Testing

@testable import DFSMetadata

/// Copies that are too many go only when those that stay have been read (docs/decisions/0042).
@Suite struct SurplusReadTests {
    /// Three servers that hold all they are given; nothing waits for the master's start any more.
    private func cluster(
        _ kinds: [NodeKind] = [.swift, .swift, .swift], policy: ClusterPolicy = ClusterPolicy()
    ) throws -> ObedientCluster {
        var cluster = ObedientCluster(policy: policy)
        for (number, kind) in kinds.enumerated() { try cluster.join(":\(number + 1)", kind) }
        try cluster.run(35)
        return cluster
    }

    /// The rest of a name's copies is wanted no more; these are all effects at once.
    private func set(_ name: String, _ copies: Int, _ cluster: inout ObedientCluster) throws -> [Effect] {
        let path = try FileName(name)
        return cluster.master.ask { .setReplication(path, copies, $0) }.effects
    }

    @Test(arguments: [NodeKind.swift, .go])
    func aCopyTooManyGoesWhenTheOthersWereRead(_ kind: NodeKind) throws {
        var cluster = try cluster([kind, kind, kind])
        let id = try cluster.put("a", .short, on: [":1", ":2", ":3"])
        try cluster.run(10)
        cluster.readLog = []
        let effects = try set("a", 2, &cluster)
        #expect(effects.deletions.isEmpty)
        try cluster.perform(effects)
        try cluster.run(10)
        let left = cluster.holders(id)
        #expect(left.count == 2)
        #expect(Set(cluster.readLog) == Set(left.map { "\(id)@\($0)" }), "each that stays, and no other")
    }

    /// The copy whose loss would hurt least is the only good one.
    @Test func aDamagedCopyIsNoReasonToDeleteTheGoodOne() throws {
        var cluster = try cluster()
        let id = try cluster.put("a", .short, on: [":1", ":2"])
        let effects = try set("a", 1, &cluster)
        let kept = try #require(effects.reads.first).suffix(2).description
        // Its server finds it damaged, and says so.
        cluster.disks[kept]?[id] = nil
        try cluster.perform(cluster.master.report(kept, [], damaged: [id]).effects)
        try cluster.perform(effects)
        try cluster.run(200)
        #expect(cluster.holders(id) == [kept == ":1" ? ":2" : ":1"])
        #expect(!cluster.log.contains { $0.contains("-") })
    }

    @Test func aCopyOnAGoServerThatHasRottenIsDeletedAndTheGoodOneStays() throws {
        var cluster = try cluster([.go, .go, .go])
        let id = try cluster.put("a", .short, on: [":1", ":2"])
        try cluster.run(10)
        let effects = try set("a", 1, &cluster)
        let kept = try #require(effects.reads.first).suffix(2).description
        cluster.disks[kept]?[id] = .torn
        try cluster.perform(effects)
        try cluster.run(5)
        #expect(cluster.holders(id).count == 2, "one wrong reading condemns nothing")
        try cluster.run(120)
        #expect(cluster.holders(id) == [kept == ":1" ? ":2" : ":1"])
        #expect(cluster.log == ["\(id) -\(kept)"])
    }

    @Test func whereACopyCannotBeReadAllStayAndOperatorsAreTold() throws {
        var cluster = try cluster()
        let id = try cluster.put("a", .short, on: [":1", ":2", ":3"])
        cluster.unreadable = [":1", ":2", ":3"]
        try cluster.perform(set("a", 2, &cluster))
        var told = 0
        for _ in 0..<300 {
            let effects = cluster.master.tick(after: .seconds(1))
            for case .log(.surplusKept(id, _)) in effects { told += 1 }
            // The notice comes with what a server answers.
            for case .readBack(let chunk, let server) in effects {
                let more = try cluster.master.readBack(chunk, server.description, .unreachable)
                for case .log(.surplusKept(id, _)) in more { told += 1 }
            }
            for server in [":1", ":2", ":3"] { try cluster.beat(server) }
        }
        #expect(cluster.holders(id).count == 3)
        #expect(told == 1, "once, however long it lasts")
        #expect(try cluster.master.repair().surplusWaiting == 1 && cluster.master.repair().surplusUnread == 1)
        cluster.unreadable = []
        try cluster.run(65)
        #expect(cluster.holders(id).count == 2)
        #expect(try cluster.master.repair().surplusWaiting == 0)
    }

    @Test func whatWasReadLongAgoIsReadAgain() throws {
        var cluster = try cluster()
        let id = try cluster.put("a", .short, on: [":1", ":2", ":3"])
        let effects = try set("a", 2, &cluster)
        let kept = effects.reads.map { $0.suffix(2).description }
        cluster.unreadable = [kept[1]]
        cluster.readLog = []
        try cluster.perform(effects)
        try cluster.run(500)
        #expect(cluster.readLog.count { $0 == "\(id)@\(kept[0])" } == 1)
        try cluster.run(200)
        #expect(cluster.readLog.count { $0 == "\(id)@\(kept[0])" } == 2)
        #expect(cluster.holders(id).count == 3)
    }

    /// What was read before there was one too many says nothing of now.
    @Test func anEarlierReadingDoesNotCount() throws {
        var cluster = try cluster()
        let id = try cluster.put("a", .short, on: [":1", ":2", ":3"])
        let server = try ServerAddress(":1")
        try cluster.perform(cluster.master.ask { .damage(id, at: server, $0) }.effects)
        #expect(cluster.readLog == ["\(id)@:1"])
        let effects = try set("a", 1, &cluster)
        #expect(effects.deletions.isEmpty && effects.reads.count == 1)
    }

    @Test func aMasterThatIsRestartedHasThemReadAnew() throws {
        var cluster = try cluster()
        let id = try cluster.put("a", .short, on: [":1", ":2", ":3"])
        cluster.lateReads = [":1", ":2", ":3"]
        try cluster.perform(set("a", 2, &cluster))
        (cluster.lateReads, cluster.readLog) = ([], [])
        try cluster.restartMaster()
        try cluster.run(40)
        #expect(cluster.holders(id).count == 2 && cluster.readLog.count >= 2)
    }

    @Test func anOrderThatWasLostIsRepeatedAndAfterTenMinutesOnlyOnANewReading() throws {
        var cluster = try cluster()
        let id = try cluster.put("a", .short, on: [":1", ":2", ":3"])
        let ordered = try cluster.master.read(set("a", 2, &cluster))
        #expect(ordered.deletions == [id], "and it is lost")
        var (orders, reads) = ([Int](), [Int]())
        for second in 1...700 {
            var effects = cluster.master.tick(after: .seconds(1))
            if second % 5 == 0 {
                for server in [":1", ":2", ":3"] { effects += try cluster.master.heartbeat(server, [id]) }
            }
            effects = try cluster.master.read(effects)
            orders += effects.deletions.map { _ in second }
            reads += effects.reads.map { _ in second }
        }
        #expect(orders.count == 10 && orders[0] == 65, "\(orders)")
        #expect(reads.count == 2 && reads[0] > 600, "\(reads)")
    }

    /// A `setrep` of very many files must not take the disks from everybody.
    @Test func oneServerReadsOneCopyAtATimeWithinTheRate() throws {
        var cluster = try cluster()
        let digest = Digest(length: 32 << 20, crc32c: 5)
        for number in 0..<100 { try cluster.put("f\(number)", digest, on: [":1", ":2"]) }
        cluster.lateReads = [":1", ":2"]
        var effects: [Effect] = []
        for number in 0..<100 { effects += try set("f\(number)", 1, &cluster) }
        #expect(effects.reads.count == 2, "one of each server")
        var (done, perSecond) = (0, [Int]())
        for _ in 0..<80 {
            let ended = effects.compactMap { effect in
                if case .readBack(let chunk, let server) = effect { (chunk, server.description) } else { nil }
            }
            effects = []
            for (chunk, server) in ended {
                effects += try cluster.master.read(cluster.master.readBack(chunk, server, .read(digest)), .read(digest))
            }
            effects += cluster.master.tick(after: .seconds(1))
            for server in [":1", ":2", ":3"] {
                _ = try cluster.master.heartbeat(server, free: 1000, (cluster.disks[server] ?? [:]).keys.sorted())
            }
            perSecond.append(effects.reads.count)
            done += effects.reads.count
        }
        #expect(done > 60 && (perSecond.max() ?? 0) <= 2 * 3, "\(perSecond)")
    }

    @Test func moreChunksThanAreKeptInMindAreFoundAgain() throws {
        var policy = ClusterPolicy()
        policy.maxSurplusChunks = 5
        var cluster = try cluster(policy: policy)
        for number in 0..<40 { try cluster.put("f\(number)", .short, on: [":1", ":2"]) }
        cluster.lateReads = [":1", ":2"]
        for number in 0..<40 { try cluster.perform(set("f\(number)", 1, &cluster)) }
        #expect(try cluster.master.repair().surplusWaiting == 5)
        cluster.lateReads = []
        // What was asked for before is answered now.
        for (key, _) in cluster.master.state.surplus.reading {
            let server = cluster.master.state.servers[key.server].address.description
            try cluster.perform(cluster.master.readBack(key.chunk, server, .read(.short)))
        }
        try cluster.run(60)
        #expect(try cluster.master.summary().overChunks == 0)
        #expect(cluster.disks.values.reduce(0) { $0 + $1.count } == 40)
    }

    @Test func aMoveForBalanceKeepsItsSourceUntilTheOthersWereRead() throws {
        var cluster = ObedientCluster()
        for number in 1...4 { try cluster.join(":\(number)", room: 2000) }
        try cluster.run(35)
        for number in 0..<20 {
            try cluster.put("f\(number)", Digest(length: 64 << 20, crc32c: UInt32(number)), on: [":1", ":2"])
        }
        try cluster.run(20)
        cluster.unreadable = [":3", ":4"]
        _ = try cluster.master.balance(50_000)
        try cluster.run(120)
        #expect(cluster.log.contains { $0.contains(">") } && !cluster.log.contains { $0.contains(" -") })
        #expect(try cluster.master.summary().balance.failedMoves > 0, "they are not waited for for ever")
        cluster.unreadable = []
        try cluster.run(400)
        #expect(try cluster.master.summary().overChunks == 0)
        #expect(cluster.disks.values.reduce(0) { $0 + $1.count } == 40)
    }
}
