import DFSCore
import Testing

@testable import DFSMetadata

@Suite struct RepairTests {
    /// Three servers, a file on two of them.
    private func scene(_ kind: NodeKind = .swift) throws -> (MasterHarness, id: ChunkID, held: [String], spare: String)
    {
        var master = MasterHarness()
        try master.join(kind, ":1", ":2", ":3")
        let (id, servers) = try master.putFile("a")
        let spare = [":1", ":2", ":3"].first { !servers.contains($0) } ?? ""
        for server in servers { _ = try master.heartbeat(server, [id]) }
        return (master, id, servers, spare)
    }

    @Test(arguments: [NodeKind.swift, .go])
    func theChunksOfADeadServerAreCopiedFromALiveOne(_ kind: NodeKind) throws {
        var (master, id, held, spare) = try scene(kind)
        master.pass(.seconds(20))
        _ = try master.beat([held[0]: [id], spare: []])
        #expect(master.tick(after: .seconds(9)).copies.isEmpty, "silent for 29 s is not dead")
        let effects = master.tick(after: .seconds(2))
        #expect(effects.copies == ["\(id)>\(spare)"])
        guard case .heartbeatResponse(let stream, _) = effects.last else { throw WrongAnswer() }
        #expect(stream == MasterHarness.stream(of: try ServerAddress(held[0]), life: 0), "the source is told")
        #expect(try master.beat([held[0]: [id], spare: []]).copies.isEmpty, "and only once")
    }

    @Test func theCopiesOfAServerThatLeavesAreOrderedFromAnother() throws {
        var (master, id, held, spare) = try scene()
        let name = try FileName("a")
        let effects = master.ask { .setReplication(name, 3, $0) }.effects
        #expect(effects.copies == ["\(id)>\(spare)"])
        guard case .heartbeatResponse(let first, _) = effects.last else { throw WrongAnswer() }
        let streams = try held.map { MasterHarness.stream(of: try ServerAddress($0), life: 0) }
        let source = try #require(streams.firstIndex(of: first))
        let left = master.step(.serverLeft(try ServerAddress(held[source]), first))
        #expect(left.copies == ["\(id)>\(spare)"])
        guard case .heartbeatResponse(let second, _) = left.last else { throw WrongAnswer() }
        #expect(second == streams[1 - source])
    }

    @Test func aCopyThatArrivedCountsAndIsNamedToReaders() throws {
        var (master, id, held, spare) = try scene()
        master.pass(.seconds(31))
        _ = try master.beat([held[0]: [id], spare: []])
        #expect(master.tick().copies == ["\(id)>\(spare)"])
        _ = try master.report(spare, [(id, .short)])
        let servers = try master.open("a").answer.opened().chunks[0].servers.map(\.description)
        #expect(Set(servers) == [held[0], spare])
        master.pass(.seconds(70))
        _ = try master.beat([held[0]: [id], spare: [id]])
        #expect(master.tick().copies.isEmpty)
    }

    @Test func aPartialCopyOnAGoServerIsReadAgainUntilItMatches() throws {
        var (master, id, held, spare) = try scene(.go)
        master.pass(.seconds(31))
        _ = try master.beat([held[0]: [id], spare: []])
        #expect(master.tick().copies.count == 1)
        #expect(try master.heartbeat(spare, [id]).reads == ["\(id)@\(spare)"])
        _ = try master.readBack(id, spare, .read(.torn))
        #expect(try master.open("a").answer.opened().chunks[0].servers.map(\.description) == [held[0]])
        #expect(master.tick(after: .seconds(3)).reads == ["\(id)@\(spare)"])
        _ = try master.readBack(id, spare, .read(.short))
        #expect(try master.open("a").answer.opened().chunks[0].servers.count == 2)
    }

    @Test func aCopyThatDoesNotArriveIsOrderedAgainToAnotherTarget() throws {
        var (master, id, held, spare) = try scene()
        try master.join(.swift, ":4")
        master.pass(.seconds(31))
        _ = try master.beat([held[0]: [id], spare: [], ":4": []])
        let first = master.tick().copies
        #expect(first.count == 1)
        var later: [String] = []
        for _ in 0..<7 {
            master.pass(.seconds(10))
            _ = try master.beat([held[0]: [id], spare: [], ":4": []])
            later += master.tick().copies
        }
        #expect(later.count == 1)
        #expect(later != first)
    }

    @Test func aGoSourceIsNotToldAgainToCopyToTheSameTargetWhileItMayStillDoIt() throws {
        var master = MasterHarness()
        try master.join(.go, ":1", ":2")
        let ids = try ["a", "b", "c"].map { try master.putFile($0).id }
        try master.join(.go, ":3")
        master.pass(.seconds(31))
        _ = try master.beat([":1": ids, ":3": []])
        #expect(master.tick().copies.count == 3)
        var again: [Int] = []
        for second in stride(from: 5, through: 120, by: 5) {
            master.pass(.seconds(5))
            let effects = try master.beat([":1": ids, ":3": []]) + master.tick()
            again += effects.copies.map { _ in second }
        }
        // All are late after 60 s; the source has 30 s for each and makes one at a time.
        #expect(again == [60, 90, 120, 120], "the first is late once more at 120 s")
    }

    @Test func aReturningServersSurplusCopyIsDeletedOnceOthersAreComplete() throws {
        var (master, id, held, spare) = try scene()
        master.pass(.seconds(31))
        _ = try master.beat([held[0]: [id], spare: []])
        _ = master.tick()
        // It returns before the new copy is whole: nothing is deleted.
        #expect(try master.heartbeat(held[1], life: 1, [id]).deletions.isEmpty)
        _ = try master.heartbeat(spare, [id])
        let arrival = try master.report(spare, [(id, .short)]).effects
        #expect(arrival.deletions.isEmpty && arrival.reads.count == 2, "what is to stay is read first")
        let effects = try master.read(arrival)
        #expect(effects.deletions == [id])
        guard case .heartbeatResponse(let stream, _) = effects.last else { throw WrongAnswer() }
        #expect(stream == MasterHarness.stream(of: try ServerAddress(held[1]), life: 1))
        let servers = try master.open("a").answer.opened().chunks[0].servers.map(\.description)
        #expect(Set(servers) == [held[0], spare])
        #expect(try master.heartbeat(held[1], life: 1, [id]).deletions.isEmpty, "told once a minute at most")
    }

    @Test func absenceCountsOnlyAfterTwoListsMoreThanTenSecondsApart() throws {
        var (master, id, held, spare) = try scene()
        _ = try master.heartbeat(held[1], [])
        master.pass(.seconds(10))
        #expect(try master.heartbeat(held[1], []).copies.isEmpty)
        _ = try master.heartbeat(held[1], [id])
        _ = try master.heartbeat(held[1], [])
        master.pass(.seconds(10))
        _ = try master.beat([held[0]: [id], spare: []])
        #expect(try master.heartbeat(held[1], []).copies.isEmpty, "it was listed in between")
        master.pass(.seconds(1))
        #expect(try master.heartbeat(held[1], []).copies.count == 1)
    }

    @Test func afterARestartNothingIsCopiedBeforeServersHadTimeToReturn() throws {
        var (master, id, held, spare) = try scene()
        master.restart()
        try master.join(.swift, held[0], spare)
        #expect(try master.report(held[0], [(id, .short)]).effects.copies.isEmpty)
        for _ in 0..<6 {
            master.pass(.seconds(5))
            #expect(try master.beat([held[0]: [id], spare: []]).copies.isEmpty)
            #expect(master.tick().copies.isEmpty)
        }
        master.pass(.seconds(1))
        #expect(master.tick().copies.count == 1)
    }

    @Test func aSourceHasABoundedNumberOfCopiesToMake() throws {
        var master = MasterHarness()
        try master.join(.swift, ":1", ":2")
        var ids: [ChunkID] = []
        for index in 0..<20 { ids.append(try master.putFile("f\(index)").id) }
        master.pass(.seconds(20))
        _ = try master.heartbeat(":1", ids)
        try master.join(.swift, ":3", ":4")
        master.pass(.seconds(11))
        let copies = master.tick().copies
        #expect(copies.count == master.policy.repairLimits.copiesPerSource)
        let first = try #require(copies.first?.split(separator: ">").map(String.init))
        let next = try master.report(first[1], [(try ChunkID(first[0]), .short)]).effects.copies
        #expect(next.count == 1, "each copy that arrives makes room for the next")
    }

    @Test func aBadCopyIsDeletedOnlyWhenEnoughGoodOnesExist() throws {
        var (master, id, held, spare) = try scene(.go)
        // The spare lists the chunk, with other bytes.
        _ = try master.heartbeat(spare, [id])
        var deletions: [ChunkID] = []
        for _ in 0..<2 {
            deletions += try master.readBack(id, spare, .read(.torn)).deletions
            master.pass(.seconds(11))
            deletions += try master.beat([held[0]: [id], held[1]: [id], spare: [id]]).deletions
            deletions += master.tick().deletions
        }
        #expect(deletions == [id])
        #expect(try master.open("a").answer.opened().chunks[0].servers.count == 2)
    }

    /// A copy was too much when it was to be deleted, and is the last one when its server comes back.
    @Test func aCopyThatWasSurplusIsKeptWhenTheOthersAreGone() throws {
        var (master, id, held, spare) = try scene()
        _ = try master.heartbeat(spare, [id])
        let victims = try master.read(master.report(spare, [(id, .short)]).effects)
        #expect(victims.deletions == [id])
        let stream = victims.compactMap { if case .heartbeatResponse(let stream, _) = $0 { stream } else { nil } }
        let victim = try #require(
            (held + [spare]).first {
                (try? ServerAddress($0)).map { MasterHarness.stream(of: $0, life: 0) } == stream[0]
            })
        // It is away before it is told; then so are the others.
        master.pass(.seconds(31))
        _ = master.tick()
        let effects = try master.heartbeat(victim, life: 1, [id])
        #expect(effects.deletions.isEmpty)
        _ = try master.report(victim, life: 1, [(id, .short)])
        _ = try master.heartbeat(victim, life: 1, [id])
        #expect(try master.open("a").answer.opened().chunks[0].servers.map(\.description) == [victim])
    }
}
