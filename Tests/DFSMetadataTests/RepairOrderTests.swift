import DFSCore
import Testing

@testable import DFSMetadata

/// Which chunks are copied first, from where, and how many at a time.
@Suite struct RepairOrderTests {
    /// `count` files of `copies` copies on servers `:1` to `:<copies>`; then their ids.
    private func scene(
        _ count: Int, copies: Int = 2, policy: ClusterPolicy = .init(), _ digest: Digest = .short
    ) throws -> (MasterHarness, [ChunkID]) {
        var policy = policy
        policy.replication = copies
        var master = MasterHarness(policy: policy)
        for port in 1...copies { try master.join(.swift, ":\(port)") }
        let ids = try (0..<count).map { try master.putFile("f\($0)", digest).id }
        for port in 1...copies { _ = try master.heartbeat(":\(port)", ids) }
        return (master, ids)
    }

    /// Only these servers go on, for so long.
    private func outlive(
        _ master: inout MasterHarness, _ seconds: Int = 31, _ lists: [String: [ChunkID]]
    ) throws -> [String] {
        var copies: [String] = []
        for _ in 0..<seconds {
            master.pass(.seconds(1))
            copies += try master.beat(lists).copies + master.tick().copies
            while master.state.hasBacklog { copies += master.step(.goOn).copies }
        }
        return copies
    }

    /// One chunk has two live copies, and two have one, of which one is read.
    @Test func fewestLiveCopiesComeFirstAndOfThoseWhatIsRead() throws {
        var policy = ClusterPolicy()
        policy.repairGrace = .zero
        policy.repairLimits.copies = 1
        var (master, ids) = try scene(3, policy: policy)
        try master.join(.swift, ":3")
        let path = try FileName("f0")
        _ = master.ask { .setReplication(path, 3, $0) }
        _ = try master.report(":3", [(ids[0], .short)])
        _ = try master.open("f2")
        try master.join(.swift, ":4")
        var orders = try outlive(&master, 32, [":1": ids, ":3": [ids[0]], ":4": []])
        var order: [ChunkID] = []
        while let copy = orders.first, order.count < 5 {
            #expect(orders.count == 1)
            let parts = copy.split(separator: ">").map(String.init)
            order.append(try ChunkID(parts[0]))
            orders = try master.report(parts[1], [(order[order.count - 1], .short)]).effects.copies
        }
        #expect(order == [ids[2], ids[1], ids[0]])
    }

    @Test func theClusterMakesNoMoreCopiesThanItMay() throws {
        var (master, ids) = try scene(10)
        var change = RepairChange()
        change.copies = 3
        _ = try master.ask { .changeRepair(change, $0) }.answer.get()
        try master.join(.swift, ":3", ":4")
        let copies = try outlive(&master, 32, [":1": ids, ":3": [], ":4": []])
        #expect(copies.count == 3)
        let parts = try #require(copies.first?.split(separator: ">").map(String.init))
        #expect(try master.report(parts[1], [(try ChunkID(parts[0]), .short)]).effects.copies.count == 1)
        change.copies = 5
        #expect(master.ask { .changeRepair(change, $0) }.effects.copies.count == 2, "at once")
    }

    @Test func aTargetTakesNoMoreCopiesThanItMay() throws {
        var (master, ids) = try scene(10)
        var change = RepairChange()
        change.copiesPerTarget = 2
        _ = try master.ask { .changeRepair(change, $0) }.answer.get()
        try master.join(.swift, ":3", ":4")
        let copies = try outlive(&master, 32, [":1": ids, ":3": [], ":4": []])
        #expect(copies.count { $0.hasSuffix(":3") } == 2 && copies.count { $0.hasSuffix(":4") } == 2)
    }

    /// 64 MiB at 16 MiB/s: one every four seconds, from one source as from all.
    @Test(arguments: [true, false])
    func copiesAreOrderedAtTheRateThatIsSet(_ isOfCluster: Bool) throws {
        var (master, ids) = try scene(20, .full)
        var change = RepairChange()
        if isOfCluster { change.bytesPerSecond = 16 << 20 } else { change.bytesPerSecondPerSource = 16 << 20 }
        _ = try master.ask { .changeRepair(change, $0) }.answer.get()
        try master.join(.swift, ":3")
        _ = try outlive(&master, 30, [":1": ids, ":3": []])
        // Copies arrive at once, so that only the rate counts.
        var held: [ChunkID] = []
        var count = 0
        for _ in 0..<40 {
            for copy in try outlive(&master, 1, [":1": ids, ":3": held]) {
                count += 1
                held.append(try ChunkID(String(copy.split(separator: ">")[0])))
                _ = try master.report(":3", held.suffix(1).map { ($0, .full) })
            }
        }
        #expect((9...11).contains(count), "\(count) in 40 s")
        change.bytesPerSecond = 0
        change.bytesPerSecondPerSource = 0
        let rest = master.ask { .changeRepair(change, $0) }.effects.copies
        #expect(
            rest.count + (try outlive(&master, 1, [":1": ids, ":3": held]).count) == 8, "no limit but the source's")
    }

    @Test func limitsThatCannotBeAreRefusedAndChangeNothing() throws {
        var (master, _) = try scene(1)
        for (source, target) in [(0, nil), (101, nil), (nil, 0), (nil, 1000)] as [(UInt64?, UInt64?)] {
            var change = RepairChange()
            change.copies = 7
            change.copiesPerSource = source
            change.copiesPerTarget = target
            #expect(master.ask { .changeRepair(change, $0) }.answer.code == .invalidArgument)
        }
        #expect(try master.repair().limits == RepairLimits())
    }

    @Test func theLeastLoadedSourceSendsAndOfThoseTheNearest() throws {
        var policy = ClusterPolicy()
        policy.replication = 3
        var master = MasterHarness(policy: policy)
        for (address, place) in [(":1", "/a/1"), (":2", "/b/2"), (":3", "/c/3")] {
            _ = try master.heartbeat(address)
            _ = try master.described(address, .swift, location: place)
        }
        let ids = try ["x", "y", "z"].map { try master.putFile($0).id }
        for port in 1...3 { _ = try master.heartbeat(":\(port)", ids) }
        _ = try master.heartbeat(":4")
        _ = try master.described(":4", .swift, location: "/b/4")
        var senders: [StreamToken] = []
        for name in ["x", "y", "z"] {
            let path = try FileName(name)
            for effect in master.ask({ .setReplication(path, 4, $0) }).effects {
                if case .heartbeatResponse(let stream, let batch) = effect, !batch.copies.isEmpty {
                    senders.append(stream)
                }
            }
        }
        #expect(senders.count == 3 && Set(senders).count == 3, "each sends one")
        #expect(senders.first == MasterHarness.stream(of: try ServerAddress(":2"), life: 0), "the nearest is first")
    }

    /// Neither the server that did not send nor the one that did not receive is asked for that chunk again where there are others.
    @Test func aCopyThatStallsIsGivenToAnotherPair() throws {
        var (master, ids) = try scene(1, copies: 2)
        try master.join(.swift, ":3", ":4")
        let path = try FileName("f0")
        let effects = master.ask { .setReplication(path, 3, $0) }.effects
        let first = try #require(effects.orders.first)
        var later: [CopyOrder] = []
        for _ in 0..<13 {
            master.pass(.seconds(5))
            later += try master.beat([":1": ids, ":2": ids, ":3": [], ":4": []]).orders + master.tick().orders
        }
        let second = try #require(later.first)
        #expect(later.count == 1)
        #expect(second.source != first.source && second.target != first.target)
        #expect(try master.repair().lateCopies == 1)
        // The first one arrives after all: it counts, and the other is not needed any more.
        _ = try master.report(first.target, [(ids[0], .short)])
        #expect(try master.open("f0").answer.opened().chunks[0].servers.count == 3)
    }

    /// A server that is late with every copy is no target for other chunks either, where there are others.
    @Test func aTargetThatStallsIsTheLastChoiceForAllChunks() throws {
        var (master, ids) = try scene(6)
        try master.join(.swift, ":3", ":4")
        let paths = try (0..<6).map { try FileName("f\($0)") }
        let first = master.ask { .setReplication(paths[0], 3, $0) }.effects.orders
        let slow = try #require(first.first?.target)
        for _ in 0..<13 {
            master.pass(.seconds(5))
            _ = try master.beat([":1": ids, ":2": ids, ":3": [], ":4": []]) + master.tick()
        }
        let next = paths.dropFirst().flatMap { path in master.ask { .setReplication(path, 3, $0) }.effects.orders }
        #expect(next.count == 5 && next.allSatisfy { $0.target != slow })
    }

    @Test func progressIsToldAndAnEndIsEstimated() throws {
        var (master, ids) = try scene(20)
        try master.join(.swift, ":3")
        let ordered = try outlive(&master, 31, [":1": ids, ":3": []])
        var status = try master.repair()
        #expect(status.waiting == [12, 0, 0] && status.runningCopies == 8 && status.runningBytes == 8000)
        #expect(status.estimatedSeconds == nil && status.bytesPerSecond == 0)
        #expect(status.losses.map(\.shortChunks) == [20] && status.losses.map(\.address.description) == [":2"])
        #expect((30_000...33_000).contains(status.lastDetectionMilliseconds))
        for copy in ordered {
            _ = try master.report(":3", [(try ChunkID(String(copy.split(separator: ">")[0])), .short)])
        }
        master.pass(.seconds(4))
        status = try master.repair()
        #expect(status.doneCopies == 8 && status.doneBytes == 8000)
        #expect(status.waiting == [4, 0, 0] && status.runningCopies == 8)
        // 8 copies in the last five to ten seconds.
        #expect((5...20).contains(status.estimatedSeconds ?? 0), "\(status)")
        #expect((700...1700).contains(status.bytesPerSecond))
    }

    @Test func itIsToldWhenAllChunksOfALostServerAreRestored() throws {
        var (master, ids) = try scene(20)
        try master.join(.swift, ":3")
        var (held, restored): ([ChunkID], [Notice]) = ([], [])
        var orders = try outlive(&master, 32, [":1": ids, ":3": []])
        while !orders.isEmpty {
            #expect(restored.isEmpty)
            var next: [String] = []
            for copy in orders {
                held.append(try ChunkID(String(copy.split(separator: ">")[0])))
                let effects = try master.report(":3", held.suffix(1).map { ($0, .short) }).effects
                next += effects.copies
                for case .log(.serverRestored(let server, let chunks, let silence, let total)) in effects {
                    restored.append(.serverRestored(server, chunks: chunks, silence: silence, total: total))
                    #expect(chunks == 20 && server.description == ":2" && total >= silence && silence > .seconds(30))
                }
            }
            master.pass(.seconds(1))
            orders = next
        }
        #expect(held.count == 20 && restored.count == 1)
        let status = try master.repair()
        #expect(status.lossCount == 0 && status.lastRestorationMilliseconds > status.lastDetectionMilliseconds)
        #expect(status.estimatedSeconds == 0)
    }

    /// A new server would else take a copy of every chunk until it is as full as the others.
    @Test func aNewEmptyServerDoesNotGetAllNewChunks() throws {
        var master = MasterHarness()
        for port in 1...20 { _ = try master.heartbeat(":\(port)", free: 100_000) }
        _ = try master.heartbeat(":21", free: 10_000_000)
        var counts: [String: Int] = [:]
        for index in 0..<200 {
            for server in try master.allocate("f\(index)", 0, over: UInt64(index + 1)).answer.allocation().servers {
                counts[server, default: 0] += 1
            }
        }
        let share = counts[":21"] ?? 0
        // 400 copies on 21 servers: 19 each.
        #expect((20...46).contains(share), "\(share)")
    }
}
