import DFSCore
import Testing

@testable import DFSMetadata

/// Chunks are moved from fuller servers to emptier ones.
@Suite struct BalanceTests {
    private func digest(_ number: Int) -> Digest { Digest(length: 64 << 20, crc32c: UInt32(number)) }

    /// Two full servers and two empty ones, of 2000 MiB each; `count` chunks of 64 MiB.
    private func cluster(_ count: Int = 20, _ kinds: [NodeKind] = [.swift, .swift, .swift, .swift]) throws
        -> ObedientCluster
    {
        var cluster = ObedientCluster()
        for (number, kind) in kinds.enumerated() { try cluster.join(":\(number + 1)", kind, room: 2000) }
        try cluster.run(35)
        for number in 0..<count { try cluster.put("f\(number)", digest(number), on: [":1", ":2"]) }
        try cluster.run(20)
        return cluster
    }

    private func counts(_ cluster: ObedientCluster) -> [Int] {
        (1...4).map { cluster.disks[":\($0)"]?.count ?? 0 }
    }

    @Test(arguments: [
        [NodeKind.swift, .swift, .swift, .swift], [.go, .swift, .go, .swift], [.go, .go, .go, .go],
    ])
    func chunksAreMovedUntilAllServersAreWithinTheThresholdAndThenItEnds(_ kinds: [NodeKind]) throws {
        var cluster = try cluster(20, kinds)
        #expect(counts(cluster) == [20, 20, 0, 0])
        #expect(try cluster.master.balance(50_000).order != nil)
        try cluster.run(300)
        let standing = try cluster.master.summary().balance
        #expect(standing.order == nil && standing.note == "every server is within the threshold", "\(standing)")
        #expect(counts(cluster).allSatisfy { (9...11).contains($0) }, "\(counts(cluster))")
        #expect(standing.movedChunks >= counts(cluster)[2] + counts(cluster)[3] && standing.failedMoves == 0)
        #expect(standing.movedBytes == UInt64(standing.movedChunks) * 64 << 20)
        #expect(try cluster.master.summary().missingChunks == 0 && cluster.master.summary().underChunks == 0)
        let moved = cluster.log.count
        try cluster.run(60)
        #expect(cluster.log.count == moved)
    }

    @Test func anyRateIsEarned() {
        var (balance, now) = (Balance(), MonotonicInstant(nanoseconds: 0))
        for _ in 0..<5 {
            balance.earn(.max, now: now)
            #expect(balance.credit >= 0)
            balance.credit -= 1000
            now = now + .seconds(1)
        }
    }

    @Test func aCopyIsOnlyDeletedAfterItsSuccessorIsThere() throws {
        var cluster = try cluster()
        _ = try cluster.master.balance(50_000)
        try cluster.run(300)
        #expect(cluster.log.count > 30)
        for (index, line) in cluster.log.enumerated() where line.contains("-") {
            let chunk = line.prefix { $0 != " " }
            #expect(cluster.log[..<index].contains { $0.hasPrefix("\(chunk) ") && $0.contains(">") }, "\(line)")
        }
    }

    @Test func theRateIsKept() throws {
        var cluster = try cluster()
        _ = try cluster.master.balance(50_000, rate: 16 << 20)
        try cluster.run(60)
        let moved = try cluster.master.summary().balance.movedBytes
        #expect(moved > 700 << 20 && moved <= (60 + 4) * 16 << 20, "\(moved >> 20) MiB in 60 s")
    }

    @Test func nothingMovesWhileChunksWaitForRepairAndItGoesOnAfterwards() throws {
        var cluster = try cluster()
        let name = try FileName("f0")
        // Five copies on four servers: it stays under-replicated.
        try cluster.perform(cluster.master.ask { .setReplication(name, 5, $0) }.effects)
        try cluster.run(10)
        let before = cluster.log.count
        _ = try cluster.master.balance(50_000)
        try cluster.run(60)
        #expect(cluster.log.count == before)
        #expect(try cluster.master.summary().balance.note == "waits for the repair of 1 chunks")
        try cluster.perform(cluster.master.ask { .setReplication(name, 2, $0) }.effects)
        try cluster.run(300)
        #expect(try cluster.master.summary().balance.note == "every server is within the threshold")
        #expect(cluster.log.count > before)
    }

    @Test func racksStayAsManyAsBefore() throws {
        var cluster = ObedientCluster()
        let racks = [":1": "/r1/a", ":2": "/r2/b", ":3": "/r1/c", ":4": "/r1/d"]
        for (address, location) in racks.sorted(by: { $0.key < $1.key }) {
            try cluster.join(address, room: 2000, location: location)
        }
        try cluster.run(35)
        for number in 0..<20 { try cluster.put("f\(number)", digest(number), on: [":1", ":2"]) }
        try cluster.run(20)
        _ = try cluster.master.balance(10_000)
        try cluster.run(600)
        let ids = Set(cluster.disks.values.flatMap(\.keys))
        #expect(ids.count == 20)
        for id in ids {
            #expect(cluster.holders(id).contains(":2"), "nothing else is on that rack")
            #expect(cluster.holders(id).count == 2)
        }
        #expect(try cluster.master.summary().balance.note.contains("no more chunk can be moved"))
        #expect(cluster.disks[":1"]?.count ?? 0 <= 12, "within the rack they are")
    }

    @Test func aServerThatIsToGoNeitherGivesNorTakes() throws {
        var cluster = try cluster(4)
        try cluster.set(.maintenance, ":3")
        _ = try cluster.master.balance(10_000)
        try cluster.run(200)
        #expect(cluster.disks[":3"]?.isEmpty == true)
        #expect(cluster.disks[":4"]?.isEmpty == false)
    }

    @Test func aCopyThatDoesNotComeIsNotMissed() throws {
        var cluster = try cluster()
        cluster.makesCopies = false
        _ = try cluster.master.balance(50_000)
        try cluster.run(100)
        #expect(counts(cluster) == [20, 20, 0, 0])
        #expect(try cluster.master.summary().balance.failedMoves > 0)
        cluster.makesCopies = true
        try cluster.run(400)
        #expect(counts(cluster).allSatisfy { (9...11).contains($0) }, "\(counts(cluster))")
    }

    /// What it has of the chunk stays on record, and may be whole.
    @Test func aMoveToAServerThatDiedEnds() throws {
        var cluster = try cluster(20, [.swift, .swift, .go, .go])
        cluster.lateReads = [":3", ":4"]
        _ = try cluster.master.balance(50_000)
        try cluster.run(10)
        #expect(!cluster.master.state.balance.moves.isEmpty && counts(cluster)[2] > 0)
        cluster.away = [":3", ":4"]
        try cluster.run(200)
        #expect(cluster.master.state.balance.moves.isEmpty)
        #expect(try cluster.master.summary().balance.failedMoves > 0)
        #expect(counts(cluster).prefix(2) == [20, 20])
    }

    @Test func whileAnotherCopyIsLostTheMoveBecomesItsRepair() throws {
        var cluster = try cluster(4)
        cluster.makesCopies = false
        _ = try cluster.master.balance(10_000)
        // What may be moved is earned second by second.
        _ = cluster.master.tick(after: .seconds(1))
        let effects = cluster.master.tick(after: .seconds(1))
        let move = try #require(effects.copies.first)
        let id = try ChunkID(String(move.prefix { $0 != ">" }))
        let target = String(move.drop { $0 != ">" }.dropFirst())
        let source = try #require(cluster.master.state.balance.moves.values.first?.source)
        let lost = cluster.master.state.servers[source].address.description == ":1" ? ":2" : ":1"
        _ = try cluster.master.report(lost, [], damaged: [id])
        let digest = try #require(cluster.disks[":1"]?[id])
        cluster.disks[target]?[id] = digest
        let arrival = try cluster.master.report(target, [(id, digest)]).effects
        #expect(arrival.deletions.isEmpty, "two copies are left, and two are wanted")
    }

    @Test func anOperatorStopsItAndBadNumbersAreRefused() throws {
        var cluster = try cluster()
        #expect(
            cluster.master.ask { .setBalance(BalanceOrder(thresholdPPM: 1, bytesPerSecond: 0), $0) }.answer.code
                == .invalidArgument)
        #expect(
            cluster.master.ask { .setBalance(BalanceOrder(thresholdPPM: 1_000_001, bytesPerSecond: 1), $0) }.answer.code
                == .invalidArgument)
        _ = try cluster.master.balance(50_000, rate: 1 << 20)
        try cluster.run(3)
        _ = cluster.master.ask { .setBalance(nil, $0) }
        try cluster.run(30)
        let moved = cluster.log.count
        try cluster.run(100)
        #expect(cluster.log.count == moved)
        #expect(try cluster.master.summary().balance.note == "stopped by an operator")
    }

    /// A server takes many deletions at once for a fault, and holds them.
    @Test func noServerIsToldToDeleteAsManyChunksAsItsBreakerLetsGo() throws {
        var cluster = ObedientCluster()
        for address in [":1", ":2", ":3", ":4"] { try cluster.join(address, room: 12_000) }
        try cluster.run(35)
        for number in 0..<120 { try cluster.put("f\(number)", digest(number), on: [":1", ":2"]) }
        try cluster.run(20)
        _ = try cluster.master.balance(10_000)
        try cluster.run(300)
        for address in [":1", ":2"] {
            let deleted = cluster.log.count { $0.hasSuffix("-\(address)") }
            #expect(deleted > 0 && deleted <= 50, "\(deleted) of \(address)")
        }
        #expect(try cluster.master.summary().balance.note.contains("as many chunks as it may"))
        try cluster.run(500)
        #expect(try cluster.master.summary().balance.note == "every server is within the threshold")
    }

    /// A master of so many servers, some of which take chunks, and who has which of these files of a full chunk.
    private func crowd(_ count: Int, files: Int, takers: Int) throws -> (MasterHarness, [String: [ChunkID]]) {
        var master = MasterHarness(policy: .withoutSafeMode)
        for port in 1...count { try master.join(.swift, ":\(port)") }
        master.pass(.seconds(31))
        for port in 1...count { _ = try master.heartbeat(":\(port)", free: port <= takers ? 10_000 : 60) }
        var lists: [String: [ChunkID]] = [:]
        for number in 0..<files {
            let upload = try master.create("f\(number)").answer.upload()
            let (id, servers) = try master.allocate("f\(number)", 0, upload: upload).answer.allocation()
            let written = WrittenChunk(id: id, digest: .full, servers: try servers.map { try ServerAddress($0) })
            _ = try master.complete(upload, [written]).answer.get()
            for server in servers { lists[server, default: []].append(id) }
        }
        return (master, lists)
    }

    @Test func onlyServersThatMayGiveAndReceiveAreWeighed() throws {
        var (master, lists) = try crowd(1000, files: 200, takers: 150)
        for port in 151...1000 { _ = try master.heartbeat(":\(port)") }
        let (server, chunks) = try #require(lists.max { ($0.value.count, $0.key) < ($1.value.count, $1.key) })
        // Of all servers one is too full.
        _ = try master.heartbeat(server, free: 36, chunks)
        _ = master.tick()
        _ = try master.balance(700_000)
        for _ in 0..<2 { _ = master.tick(after: .seconds(1)) }
        let moves = master.state.balance.moves
        #expect(moves.count == 1)
        #expect(try moves.values.first?.source == master.state.servers.handle(of: ServerAddress(server)))
        #expect(master.state.balance.pairs == 1, "the emptiest one takes it, and others need not be asked")
    }

    @Test func whereNothingFitsATickWeighsABoundedNumberOfServers() throws {
        var (master, lists) = try crowd(400, files: 300, takers: 200)
        for (server, chunks) in lists.sorted(by: { $0.key < $1.key }) {
            _ = try master.heartbeat(server, free: 60, chunks)
        }
        _ = master.tick()
        while master.state.hasBacklog { _ = master.step(.goOn) }
        _ = try master.balance(1000)
        _ = master.tick(after: .seconds(1))
        var starts: Set<UInt32> = []
        for _ in 0..<3 {
            starts.insert(master.state.balance.next)
            _ = master.tick(after: .seconds(1))
            let pairs = master.state.balance.pairs
            #expect(pairs >= MasterState.balancePairsPerTick && pairs < MasterState.balancePairsPerTick + 2 * 400)
        }
        #expect(master.state.balance.moves.isEmpty && starts.count == 3, "each tick goes on behind the last one")
    }
}
