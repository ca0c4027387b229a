import DFSCore
import Testing

@testable import DFSMetadata

/// Copies whose bytes are not what they were.
@Suite struct DamageTests {
    /// A file on two of three servers, listed there.
    private func scene(
        _ kind: NodeKind, policy: ClusterPolicy = ClusterPolicy()
    ) throws -> (MasterHarness, id: ChunkID, held: [String], spare: String) {
        var master = MasterHarness(policy: policy)
        try master.join(kind, ":1", ":2", ":3")
        let (id, servers) = try master.putFile("a")
        let spare = [":1", ":2", ":3"].first { !servers.contains($0) } ?? ""
        for server in servers { _ = try master.heartbeat(server, [id]) }
        return (master, id, servers, spare)
    }

    private func suspect(_ master: inout MasterHarness, _ id: ChunkID, _ server: String) throws -> [Effect] {
        let address = try ServerAddress(server)
        return master.ask { .damage(id, at: address, $0) }.effects
    }

    private func named(_ master: inout MasterHarness) throws -> Set<String> {
        Set(try master.open("a").answer.opened().chunks[0].servers.map(\.description))
    }

    @Test(arguments: [NodeKind.swift, .go])
    func aReadersWordOnlyHasTheCopyLookedAt(_ kind: NodeKind) throws {
        var (master, id, held, _) = try scene(kind)
        let effects = try suspect(&master, id, held[0])
        #expect(effects.reads == ["\(id)@\(held[0])"])
        #expect(try named(&master) == Set(held))
        let after = try master.readBack(id, held[0], .read(.short))
        #expect(after.copies.isEmpty && after.reads.isEmpty)
        #expect(try named(&master) == Set(held))
    }

    @Test func aReaderCannotHaveACopyReadAllTheTime() throws {
        var (master, id, held, spare) = try scene(.swift)
        #expect(try suspect(&master, id, held[0]).reads.count == 1)
        _ = try master.readBack(id, held[0], .read(.short))
        #expect(try suspect(&master, id, held[0]).reads.isEmpty)
        #expect(try suspect(&master, id, spare).reads.isEmpty, "it has no copy")
        #expect(try suspect(&master, id, ":77").reads.isEmpty, "nobody knows it")
        for _ in 0..<3 {
            master.pass(.seconds(21))
            _ = try master.beat([held[0]: [id], held[1]: [id], spare: []])
        }
        #expect(try suspect(&master, id, held[0]).reads.count == 1, "a minute later")
    }

    @Test func theCopiesThatReadersCanHaveLookedAtAreBounded() {
        var suspects = Suspects()
        let now = MonotonicInstant(nanoseconds: 0)
        func key(_ number: UInt32) -> ProbeKey {
            ProbeKey(chunk: ChunkHandle(rawValue: number), server: ServerHandle(rawValue: 1))
        }
        let admitted = (0..<UInt32(Suspects.maxCount + 5)).map { suspects.admit(key($0), now: now) }
        #expect(admitted.count { $0 } == Suspects.maxCount)
        let isAdmittedLater = suspects.admit(key(100_000), now: now + Suspects.quietTime)
        #expect(isAdmittedLater)
    }

    @Test func aCopyThatAServerOfOursFindsDamagedIsMadeAgain() throws {
        var (master, id, held, spare) = try scene(.swift)
        let (_, effects) = try master.report(held[0], [], damaged: [id])
        #expect(effects.copies == ["\(id)>\(held[0])"] || effects.copies == ["\(id)>\(spare)"])
        #expect(try named(&master) == [held[1]])
        let target = effects.copies == ["\(id)>\(spare)"] ? spare : held[0]
        _ = try master.report(target, [(id, .short)])
        #expect(try named(&master) == [held[1], target])
    }

    @Test func theLastCopyIsNotMissedBeforeThereAreOthers() throws {
        var (master, id, held, spare) = try scene(.swift)
        master.pass(.seconds(31))
        _ = try master.beat([held[0]: [id], held[1]: [id], spare: []])
        _ = master.tick()
        _ = try master.report(held[0], [], damaged: [id])
        let last = try master.report(held[1], [], damaged: [id])
        #expect(last.effects.copies.isEmpty)
        func expendable() throws -> [ChunkID] {
            guard case .reported(_, let ids) = try master.report(held[0], [], keptDamaged: [id]).answer.get() else {
                throw WrongAnswer()
            }
            return ids
        }
        #expect(try expendable() == [])
        // An operator has put good copies back.
        _ = try master.report(held[1], [(id, .short)])
        #expect(try expendable() == [])
        _ = try master.report(spare, [(id, .short)])
        #expect(try expendable() == [id])
        #expect(try named(&master) == [held[1], spare], "asking takes no good copy for damaged")
    }

    /// Two Go servers hold a file, one dies, and what the other one sends is wrong.
    private func wrongSource() throws -> (MasterHarness, id: ChunkID, source: String) {
        var master = MasterHarness()
        try master.join(.go, ":1", ":2")
        let (id, held) = try master.putFile("a")
        try master.join(.swift, ":3")
        for _ in 0..<2 {
            master.pass(.seconds(20))
            _ = try master.beat([held[0]: [id], ":3": []])
        }
        let effects = master.tick(after: .seconds(1))
        #expect(effects.copies == ["\(id)>:3"])
        return (master, id, held[0])
    }

    @Test func aGoServerThatSendsOtherBytesIsReadBeforeItSendsThemAgain() throws {
        var (master, id, source) = try wrongSource()
        let rejected = try master.report(":3", [(id, .torn)])
        #expect(try rejected.answer.unwanted() == [id])
        #expect(rejected.effects.copies.isEmpty && rejected.effects.reads == ["\(id)@\(source)"])
        for _ in 0..<10 { #expect(master.tick(after: .seconds(1)).copies.isEmpty) }
        // Twice other bytes: the copy is bad, and none is left.
        #expect(try master.readBack(id, source, .read(.torn)).copies.isEmpty)
        _ = try master.beat([source: [id], ":3": []])
        #expect(master.tick(after: .seconds(11)).reads == ["\(id)@\(source)"])
        #expect(try master.readBack(id, source, .read(.torn)).copies.isEmpty)
        for _ in 0..<10 {
            _ = try master.beat([source: [id], ":3": []])
            #expect(master.tick(after: .seconds(5)).copies.isEmpty)
        }
    }

    @Test func aGoServerWhoseCopyIsRightAfterAllIsASourceAgain() throws {
        var (master, id, source) = try wrongSource()
        _ = try master.report(":3", [(id, .torn)])
        #expect(try master.readBack(id, source, .read(.short)).copies.isEmpty)
        #expect(master.tick(after: .seconds(1)).copies == ["\(id)>:3"])
    }

    /// Also one of a server that says no more who it is: that is not asked for it again at once, either.
    @Test(arguments: [false, true])
    func aDoubtedCopyThatNobodyCanReadIsASourceAgainAfterAWhile(isMute: Bool) throws {
        var (master, id, source) = try wrongSource()
        if isMute {
            _ = try master.described(source, .unknown)
            for _ in 0..<35 {
                master.pass(.seconds(20))
                _ = try master.beat([source: [id], ":3": []])
            }
            let isNamed = try master.described(source, .unknown).contains { effect in
                if case .log(.serverMute) = effect { true } else { false }
            }
            #expect(isNamed)
        }
        _ = try master.report(":3", [(id, .torn)])
        var (copies, reads, seconds) = ([String](), 1, 0)
        _ = try master.readBack(id, source, .unreachable)
        while copies.isEmpty, seconds < 600 {
            _ = try master.beat([source: [id], ":3": []])
            let effects = master.tick(after: .seconds(1))
            seconds += 1
            copies = effects.copies
            if !effects.reads.isEmpty {
                reads += 1
                _ = try master.readBack(id, source, .unreachable)
            }
        }
        #expect(copies == ["\(id)>:3"] && reads == 8 && seconds > 60)
    }

    @Test func aCopyOnAGoServerIsBadWhenTwoReadsFindTheSameOtherBytes() throws {
        var (master, id, held, spare) = try scene(.go)
        _ = try suspect(&master, id, held[0])
        #expect(try master.readBack(id, held[0], .read(.torn)).copies.isEmpty)
        #expect(master.tick(after: .seconds(11)).reads == ["\(id)@\(held[0])"])
        let effects = try master.readBack(id, held[0], .read(.torn))
        #expect(effects.copies.count == 1)
        #expect(try named(&master) == [held[1]])
        #expect(effects.deletions.isEmpty, "what is left stays until there are enough good ones")
        _ = spare
    }

    @Test func copiesOnGoServersAreReadAgainOnceACycleWithinTheRate() throws {
        var policy = ClusterPolicy.withoutSafeMode
        policy.rereadBytesPerSecond = 10
        policy.rereadCycle = .seconds(600)
        var master = MasterHarness(policy: policy)
        try master.join(.go, ":1", ":2")
        var ids: [ChunkID] = []
        for name in ["a", "b", "c"] { ids.append(try master.putFile(name, Digest(length: 100, crc32c: 1)).id) }
        var reads: [String] = []
        var times: [Int] = []
        for second in 0..<700 {
            master.pass(.seconds(1))
            var effects = master.tick()
            if second % 5 == 0 { effects += try master.beat([":1": ids, ":2": ids]) }
            for read in effects.reads {
                reads.append(read)
                times.append(second)
                let parts = read.split(separator: "@")
                let id = try ChunkID(String(parts[0]))
                _ = try master.readBack(id, String(parts[1]), .read(Digest(length: 100, crc32c: 1)))
            }
        }
        let inFirst = zip(reads, times).filter { $0.1 < 600 }.map(\.0)
        #expect(Set(inFirst).count == 6 && inFirst.count == 6)
        #expect(reads.count > 6, "and again in the next cycle")
        // Two copies of a chunk are 200 bytes, which take 20 s.
        let spans = zip(times, times.dropFirst(2)).map { $1 - $0 }
        #expect(spans.allSatisfy { $0 >= 19 }, "\(times)")
    }
}
