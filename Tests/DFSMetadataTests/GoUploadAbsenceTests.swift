import DFSCore
import Testing

@testable import DFSMetadata

/// Uploads of Go clients while servers are away, and over restarts of the master.
@Suite struct GoUploadAbsenceTests {
    /// It may have been restarted, and have acknowledged the chunk before it met the master again.
    @Test func aSwiftServerWithoutAStreamIsWaitedFor() throws {
        var master = MasterHarness()
        try master.join(.swift, ":1", ":2")
        let (id, servers) = try master.allocate("a", 0).answer.allocation()
        let lost = try ServerAddress(servers[0])
        _ = master.step(.heartbeatStreamEnded(lost, MasterHarness.stream(of: lost, life: 0)))
        _ = master.close(1)
        #expect(try master.fileInfo("a").answer.code == .unavailable)
        _ = try master.heartbeat(servers[0], life: 1, [id])
        _ = try master.report(servers[0], life: 1, [(id, .short)])
        #expect(try master.fileInfo("a").answer.located().map(\.id) == [id])
    }

    @Test func aDeadServerThatMayHoldTheOnlyCopyIsWaitedFor() throws {
        var master = MasterHarness()
        try master.join(.go, ":1", ":2")
        let (id, servers) = try master.allocate("a", 0).answer.allocation()
        _ = master.close(1)
        for _ in 0..<20 {
            _ = master.tick(after: .seconds(5))
            _ = try master.heartbeat(servers[0])
            _ = try master.readBack(id, servers[0], .absent)
            _ = try master.readBack(id, servers[1], .unreachable)
        }
        #expect(try master.fileInfo("a").answer.code == .unavailable)
        // It returns with the chunk.
        _ = try master.heartbeat(servers[1], life: 1, [id])
        for _ in 0..<3 {
            _ = try master.readBack(id, servers[1], .read(.short))
            _ = master.tick(after: .seconds(11))
            _ = try master.beat([servers[0]: []])
            _ = try master.heartbeat(servers[1], life: 1, [id])
        }
        #expect(try master.fileInfo("a").answer.code == nil)
    }

    @Test func afterARestartTheClientGoesOnOverANewConnection() throws {
        var master = MasterHarness()
        try master.join(.swift, ":1", ":2")
        let (first, servers) = try master.allocate("a", 0).answer.allocation()
        master.restart()
        try master.join(.swift, ":1", ":2")
        _ = try master.report(servers[0], [(first, .full)])
        #expect(try master.fileInfo("a").answer.code == .unavailable)
        let (second, _) = try master.allocate("a", 1, over: 7).answer.allocation()
        _ = try master.report(servers[0], [(second, .short)])
        _ = master.close(7)
        #expect(try master.fileInfo("a").answer.located().count == 2)
    }

    @Test func afterARestartAFinishedFileIsSealedWhenItsLeaseEnds() throws {
        var master = MasterHarness()
        try master.join(.swift, ":1", ":2")
        let (id, servers) = try master.allocate("a", 0).answer.allocation()
        master.restart()
        try master.join(.swift, ":1", ":2")
        _ = try master.report(servers[0], [(id, .short)])
        _ = master.tick(after: .seconds(29))
        #expect(try master.fileInfo("a").answer.code == .unavailable)
        _ = try master.heartbeat(servers[0], [id])
        _ = master.tick(after: .seconds(2))
        #expect(try master.fileInfo("a").answer.code == nil)
    }

    @Test func afterARestartAServerThatIsStillAwayIsWaitedFor() throws {
        var master = MasterHarness()
        try master.join(.go, ":1", ":2")
        let (id, servers) = try master.allocate("a", 0).answer.allocation()
        master.restart()
        // The first server holds a torn copy; the second, which the client wrote to then, is away.
        _ = try master.heartbeat(servers[0], [id])
        _ = try master.described(servers[0], .go)
        for _ in 0..<30 {
            _ = master.tick(after: .seconds(6))
            _ = try master.heartbeat(servers[0], [id])
            _ = try master.readBack(id, servers[0], .read(.torn))
        }
        #expect(try master.fileInfo("a").answer.code == .unavailable)
        _ = try master.heartbeat(servers[1], [id])
        _ = try master.described(servers[1], .go)
        for _ in 0..<5 {
            _ = master.tick(after: .seconds(6))
            _ = try master.beat([servers[0]: [id], servers[1]: [id]])
            _ = try master.readBack(id, servers[0], .read(.torn))
            _ = try master.readBack(id, servers[1], .read(.short))
        }
        #expect(try master.fileInfo("a").answer.located()[0].digest == .short)
    }

    @Test func afterARestartAnUploadThatNoServerHoldsIsAbandoned() throws {
        var master = MasterHarness()
        try master.join(.swift, ":1", ":2")
        _ = try master.allocate("a", 0).answer.get()
        master.restart()
        try master.join(.swift, ":1", ":2")
        for _ in 0..<20 {
            _ = master.tick(after: .seconds(5))
            _ = try master.beat([":1": [], ":2": []])
        }
        #expect(try master.fileInfo("a").answer.code == .notFound)
    }

    @Test func aServerThatWasAwayAllTheTimeIsNotWaitedForLong() throws {
        var master = MasterHarness()
        try master.join(.go, ":1", ":2")
        let lost = try ServerAddress(":2")
        _ = master.step(.heartbeatStreamEnded(lost, MasterHarness.stream(of: lost, life: 0)))
        let (id, _) = try master.allocate("a", 0).answer.allocation()
        _ = master.close(1)
        for _ in 0..<15 {
            _ = try master.readBack(id, ":1", .read(.short))
            _ = try master.readBack(id, ":2", .unreachable)
            _ = master.tick(after: .seconds(6))
            _ = try master.heartbeat(":1", [id])
        }
        #expect(try master.fileInfo("a").answer.code == nil)
    }

    /// The master did not reach it, but the client may have: it may hold the only copy of what was acknowledged.
    @Test func aGoServerThatWasAwayAllTheTimeIsWaitedForWhereNobodyElseHasAnything() throws {
        var master = MasterHarness()
        try master.join(.go, ":1", ":2")
        let lost = try ServerAddress(":2")
        _ = master.step(.heartbeatStreamEnded(lost, MasterHarness.stream(of: lost, life: 0)))
        let (id, _) = try master.allocate("a", 0).answer.allocation()
        _ = master.close(1)
        for _ in 0..<40 {
            _ = try master.readBack(id, ":1", .absent)
            _ = try master.readBack(id, ":2", .unreachable)
            _ = master.tick(after: .seconds(6))
            _ = try master.heartbeat(":1")
        }
        #expect(try master.fileInfo("a").answer.code == .unavailable)
        for _ in 0..<3 {
            _ = try master.heartbeat(":1")
            _ = try master.heartbeat(":2", life: 1, [id])
            _ = try master.readBack(id, ":2", .read(.short))
            _ = master.tick(after: .seconds(11))
        }
        #expect(try master.fileInfo("a").answer.located()[0].digest == .short)
    }

    /// It has the master's word before it acknowledges what a Go client sends.
    @Test func aSwiftServerThatWasAwayAllTheTimeIsNotWaitedForLong() throws {
        var master = MasterHarness()
        try master.join(.swift, ":1", ":2")
        let lost = try ServerAddress(":2")
        _ = master.step(.heartbeatStreamEnded(lost, MasterHarness.stream(of: lost, life: 0)))
        _ = try master.allocate("a", 0).answer.get()
        _ = master.close(1)
        for _ in 0..<20 {
            _ = master.tick(after: .seconds(6))
            _ = try master.heartbeat(":1")
        }
        #expect(try master.fileInfo("a").answer.code == .notFound)
    }

    /// Only an operator can tell that it is gone for good.
    @Test(arguments: [Finding.absent, .read(.short)])
    func aDeadServerThatWasTakenOutOfServiceIsNotWaitedFor(_ finding: Finding) throws {
        var master = MasterHarness()
        try master.join(.go, ":1", ":2", ":3")
        let (id, servers) = try master.allocate("a", 0).answer.allocation()
        let (lost, spare) = (servers[1], try #require([":1", ":2", ":3"].first { !servers.contains($0) }))
        var lists: [String: [ChunkID]] = [servers[0]: finding == .absent ? [] : [id], spare: []]
        _ = master.close(1)
        func wait(_ seconds: Int) throws {
            for _ in 0..<seconds / 5 {
                _ = try master.readBack(id, lost, .unreachable)
                _ = try master.readBack(id, servers[0], finding)
                if lists[spare] != [] { _ = try master.readBack(id, spare, finding) }
                let effects = try master.beat(lists) + master.tick(after: .seconds(5))
                if effects.copies.contains("\(id)>\(spare)") { lists[spare] = [id] }
            }
        }
        try wait(120)
        #expect(try master.fileInfo("a").answer.code == .unavailable)
        #expect(try master.remove("a").code == .unavailable)
        _ = try master.set(.decommissioning, lost)
        try wait(120)
        #expect(try master.fileInfo("a").answer.code == (finding == .absent ? .notFound : nil))
        #expect(try master.standing(lost).state == .decommissioned)
    }

    /// It is alive, or nobody has said that it is gone.
    @Test(arguments: [true, false])
    func aServerIsWaitedForWhileItIsAliveOrOnlyAwayForAWhile(_ isAlive: Bool) throws {
        var master = MasterHarness()
        try master.join(.go, ":1", ":2")
        let (id, servers) = try master.allocate("a", 0).answer.allocation()
        _ = master.close(1)
        _ = try master.set(isAlive ? .decommissioning : .maintenance, servers[1])
        for _ in 0..<40 {
            _ = try master.readBack(id, servers[0], .absent)
            _ = try master.readBack(id, servers[1], .unreachable)
            _ = try master.beat(isAlive ? [servers[0]: [], servers[1]: []] : [servers[0]: []])
            _ = master.tick(after: .seconds(5))
        }
        #expect(try master.fileInfo("a").answer.code == .unavailable)
    }

    /// One that falls silent after it was told to go may only be restarted in the middle: it counts as gone once it is told again.
    @Test func aDrainThatItsServersRestartInterruptsGivesNoUploadUp() throws {
        var master = MasterHarness()
        try master.join(.go, ":1", ":2")
        let (id, servers) = try master.allocate("a", 0).answer.allocation()
        _ = master.close(1)
        _ = try master.set(.decommissioning, servers[1])
        func wait() throws {
            for _ in 0..<24 {
                _ = try master.readBack(id, servers[0], .absent)
                _ = try master.readBack(id, servers[1], .unreachable)
                _ = try master.beat([servers[0]: []])
                _ = master.tick(after: .seconds(5))
            }
        }
        try wait()
        #expect(try master.fileInfo("a").answer.code == .unavailable)
        _ = try master.set(.decommissioning, servers[1])
        try wait()
        #expect(try master.fileInfo("a").answer.code == .notFound)
    }

    /// Of what kind it is nobody knows any more.
    @Test func afterARestartADeadServerOfOursThatWasTakenOutOfServiceIsNotWaitedFor() throws {
        var master = MasterHarness()
        try master.join(.swift, ":1", ":2")
        let servers = try master.allocate("a", 0).answer.allocation().servers
        master.restart()
        try master.join(.swift, servers[0])
        func wait() throws {
            for _ in 0..<24 {
                _ = try master.heartbeat(servers[0])
                _ = master.tick(after: .seconds(5))
            }
        }
        try wait()
        #expect(try master.fileInfo("a").answer.code == .unavailable)
        _ = try master.set(.decommissioning, servers[1])
        try wait()
        #expect(try master.fileInfo("a").answer.code == .notFound)
    }

    /// The read of a server that died may end long after the server is back: it keeps no place for ever.
    @Test func aReadThatEndsAfterItsServerReturnedGivesItsPlaceBack() throws {
        var master = MasterHarness(policy: .withoutSafeMode)
        try master.join(.go, ":1", ":2", ":3")
        let (id, held) = try master.putFile("a")
        let other = try #require([":1", ":2", ":3"].first { !held.contains($0) })
        var reads = try master.heartbeat(other, [id]).reads
        for _ in 0..<4 {
            master.pass(.seconds(10))
            for server in held { _ = try master.heartbeat(server, [id]) }
            _ = master.tick()
        }
        reads += try master.heartbeat(other, free: 20_000, life: 1, [id]).reads
        for _ in reads { _ = try master.readBack(id, other, .unreachable) }
        // Both places of the server can be had.
        var effects: [Effect] = []
        for name in ["b", "c"] {
            for index in 0..<2 { effects += try master.allocate(name, index).effects }
        }
        #expect(effects.reads.count { $0.hasSuffix("@\(other)") } == 2)
    }
}
