import DFSCore
import Testing

@testable import DFSMetadata

/// Servers that are lost: the time that they are given to come back, and too many of them at once.
@Suite struct StormTests {
    /// Eight servers, files of `copies` copies on them; what each holds.
    private func scene(
        copies: Int, files: Int = 16, _ change: (inout ClusterPolicy) -> Void = { _ in }
    ) throws -> (MasterHarness, [String: [ChunkID]]) {
        var policy = ClusterPolicy()
        policy.replication = copies
        change(&policy)
        var master = MasterHarness(policy: policy)
        var lists: [String: [ChunkID]] = [:]
        for port in 1...8 {
            try master.join(.swift, ":\(port)")
            lists[":\(port)"] = []
        }
        for number in 0..<files {
            let (id, servers) = try master.putFile("f\(number)")
            for server in servers { lists[server, default: []].append(id) }
            _ = try master.beat(lists)
        }
        return (master, lists)
    }

    /// Time passes for the servers of `lists`; copies that are ordered arrive where `arrive`.
    private func run(
        _ master: inout MasterHarness, _ seconds: Int, _ lists: inout [String: [ChunkID]], arrive: Bool = false,
        life: UInt64 = 0
    ) throws -> [Effect] {
        var all: [Effect] = []
        for _ in 0..<seconds {
            master.pass(.seconds(1))
            var effects: [Effect] = []
            for (server, chunks) in lists.sorted(by: { $0.key < $1.key }) {
                effects += try master.heartbeat(server, life: life, chunks)
            }
            effects += master.tick()
            while master.state.hasBacklog { effects += master.step(.goOn) }
            all += effects
            guard arrive else { continue }
            for order in effects.orders {
                lists[order.target, default: []].append(order.chunk)
                all += try master.report(order.target, life: life, [(order.chunk, .short)]).effects
            }
        }
        return all
    }

    private func without(_ servers: [String], _ lists: [String: [ChunkID]]) -> [String: [ChunkID]] {
        lists.filter { !servers.contains($0.key) }
    }

    @Test func chunksWithTwoLiveCopiesWaitForTheGraceAndThoseWithOneDoNot() throws {
        var (master, all) = try scene(copies: 3)
        var lists = without([":1"], all)
        #expect(try run(&master, 35, &lists).orders.isEmpty)
        #expect(try master.repair().losses.first?.isAwaited == true)
        #expect(try run(&master, 280, &lists).orders.isEmpty)
        let orders = try run(&master, 30, &lists).orders
        #expect(Set(orders.map(\.chunk)) == Set(all[":1"] ?? []))

        var (other, pairs) = try scene(copies: 2)
        lists = without([":1"], pairs)
        let prompt = try run(&other, 33, &lists).orders
        #expect(Set(prompt.map(\.chunk)) == Set(pairs[":1"] ?? []), "one copy is left")
    }

    @Test func aServerThatReturnsWithinTheGraceCausesNoCopy() throws {
        var (master, all) = try scene(copies: 3)
        var lists = without([":1"], all)
        #expect(try run(&master, 200, &lists).orders.isEmpty)
        _ = try master.heartbeat(":1", life: 1, all[":1"] ?? [])
        _ = try master.report(":1", life: 1, (all[":1"] ?? []).map { ($0, .short) })
        lists = all
        #expect(try run(&master, 400, &lists).orders.isEmpty)
        #expect(try master.repair().lossCount == 0)
    }

    @Test func anOperatorEndsTheGrace() throws {
        var (master, all) = try scene(copies: 3)
        var lists = without([":1"], all)
        _ = try run(&master, 40, &lists)
        var change = RepairChange()
        change.goesOn = true
        var orders = master.ask { .changeRepair(change, $0) }.effects.orders
        orders += try run(&master, 5, &lists).orders
        #expect(Set(orders.map(\.chunk)) == Set(all[":1"] ?? []))
    }

    /// Three of eight servers vanish: each other one copies one chunk at a time, and only such with a single live copy.
    @Test func whenTooManyVanishAtOnceNextToNothingIsCopied() throws {
        var (master, all) = try scene(copies: 3, files: 40)
        let gone = [":1", ":2", ":3"]
        var lists = without(gone, all)
        let effects = try run(&master, 45, &lists)
        #expect(effects.storms == ["began 3/5"])
        #expect(try master.repair().stormSeconds != nil)
        let left = lists.values.flatMap(\.self).reduce(into: [:]) { $0[$1, default: 0] += 1 }
        for order in effects.orders { #expect(left[order.chunk] == 1, "\(order)") }
        let bySource = effects.orders.reduce(into: [:]) { $0[$1.source, default: 0] += 1 }
        #expect(bySource.values.allSatisfy { $0 == 1 }, "one at a time: \(bySource)")
        // They come back: all is as it was.
        for server in gone {
            _ = try master.heartbeat(server, life: 0, all[server] ?? [])
            _ = try master.report(server, (all[server] ?? []).map { ($0, .short) })
        }
        lists = all
        let calm = try run(&master, 3, &lists)
        #expect(calm.storms == ["ended serversCameBack"] && calm.orders.isEmpty)
        #expect(try master.repair().stormSeconds == nil)
    }

    @Test(arguments: [true, false])
    func anOperatorOrTimeEndsTheStormAndAllIsCopied(_ byOperator: Bool) throws {
        var (master, all) = try scene(copies: 3, files: 40)
        var lists = without([":1", ":2", ":3"], all)
        _ = try run(&master, 45, &lists)
        var effects: [Effect] = []
        if byOperator {
            var change = RepairChange()
            change.goesOn = true
            effects = master.ask { .changeRepair(change, $0) }.effects
            for order in effects.orders {
                lists[order.target, default: []].append(order.chunk)
                _ = try master.report(order.target, [(order.chunk, .short)])
            }
        } else {
            effects = try run(&master, 3600, &lists, arrive: true)
        }
        effects += try run(&master, 120, &lists, arrive: true)
        #expect(effects.storms == ["ended \(byOperator ? "operatorSaidSo" : "waitedLongEnough")"])
        let left = lists.values.flatMap(\.self).reduce(into: [:]) { $0[$1, default: 0] += 1 }
        let all3 = Set(all.values.flatMap(\.self))
        for chunk in all3 where left[chunk] != nil { #expect(left[chunk] == 3) }
        // Another one that dies is not counted with those that were given up.
        lists[":4"] = nil
        #expect(try run(&master, 40, &lists, arrive: true).storms.isEmpty)
    }

    @Test func aFewServersAreNoStormNorAreManyOneAfterTheOther() throws {
        var (master, all) = try scene(copies: 3)
        var lists = without([":1", ":2"], all)
        #expect(try run(&master, 100, &lists).storms.isEmpty, "two are few")
        lists[":3"] = nil
        #expect(try run(&master, 100, &lists).storms.isEmpty, "a minute lies between")
    }

    @Test func serversThatOperatorsTakeAwayAreNoStorm() throws {
        var (master, all) = try scene(copies: 3)
        let gone = [":1", ":2", ":3"]
        for server in gone { _ = try master.set(.maintenance, server).answer.get() }
        var lists = without(gone, all)
        #expect(try run(&master, 45, &lists).storms.isEmpty)
        #expect(try master.repair().stormSeconds == nil)
    }

    /// 40 servers on ten racks: one rack is a tenth of all, no more.
    @Test func aWholeRackIsAStormThoughItIsASmallShare() throws {
        for isWholeRack in [true, false] {
            var master = MasterHarness()
            var lists: [String: [ChunkID]] = [:]
            for port in 1...40 {
                _ = try master.heartbeat(":\(port)")
                _ = try master.described(":\(port)", .swift, location: "/r\(port % 10)/\(port)")
                lists[":\(port)"] = []
            }
            for number in 0..<120 {
                let (id, servers) = try master.putFile("f\(number)")
                for server in servers { lists[server, default: []].append(id) }
                _ = try master.beat(lists)
            }
            lists = without(isWholeRack ? [":1", ":11", ":21", ":31"] : [":1", ":11", ":21", ":32"], lists)
            #expect(try run(&master, 40, &lists).storms.count == (isWholeRack ? 1 : 0))
        }
    }
}

extension [Effect] {
    /// Of each storm that began or ended, what is told.
    fileprivate var storms: [String] {
        compactMap { effect in
            switch effect {
            case .log(.stormBegan(let lost, let alive, _)): "began \(lost)/\(alive)"
            case .log(.stormEnded(let reason, _)): "ended \(reason)"
            default: nil
            }
        }
    }
}
