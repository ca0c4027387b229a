import DFSCore
import Testing

@testable import DFSMetadata

/// The master's process was stopped, or its disk hung: what came meanwhile waits behind the first tick.
@Suite struct StandstillTests {
    @Test func serversThatWereUnheardWhileTheMasterStoodStillAreAlive() throws {
        var master = MasterHarness()
        try master.join(.swift, ":1", ":2", ":3")
        _ = master.tick(after: .seconds(31))
        try master.join(.swift, ":1", ":2", ":3")
        let (id, servers) = try master.putFile("a")
        master.standStill(.seconds(40))
        var effects: [Effect] = []
        for _ in 0..<40 { effects += master.step(.tick) }
        #expect(effects.dead.isEmpty && effects.copies.isEmpty)
        #expect(effects.standstills == [.seconds(40)], "it is told of once")
        #expect(try master.allocate("b", 0).answer.code == nil)
        for server in servers { effects += try master.heartbeat(server, [id]) }
        #expect(try master.open("a").answer.opened().chunks[0].servers.count == 2)
    }

    @Test(arguments: [0, 20, 29]) func aServerThatIsDeadIsFoundLaterByThatTimeAndNoMore(silentBefore: Int) throws {
        var master = MasterHarness()
        try master.join(.swift, ":1", ":2", ":3")
        _ = master.tick(after: .seconds(31))
        try master.join(.swift, ":1", ":2", ":3")
        for _ in 0..<silentBefore {
            #expect(master.tick(after: .seconds(1)).dead.isEmpty)
            try master.join(.swift, ":2", ":3")
        }
        master.standStill(.seconds(12))
        #expect(master.step(.tick).dead.isEmpty)
        var silent = silentBefore
        var effects: [Effect] = []
        while effects.dead.isEmpty, silent < 100 {
            try master.join(.swift, ":2", ":3")
            effects = master.tick(after: .seconds(1))
            silent += 1
        }
        #expect(effects.dead == [":1"])
        #expect(silent == 31)
        #expect(try master.repair().lastDetectionMilliseconds == 43_000, "what is told is how long it was silent")
    }

    /// A heartbeat may wait before the tick as well as behind it.
    @Test func whoIsHeardFirstGetsNoMoreThanOthers() throws {
        var master = MasterHarness()
        try master.join(.swift, ":1", ":2", ":3")
        _ = master.tick(after: .seconds(31))
        try master.join(.swift, ":1", ":2", ":3")
        master.standStill(.seconds(40))
        try master.join(.swift, ":1")
        _ = master.step(.tick)
        try master.join(.swift, ":2")
        #expect(master.tick(after: .seconds(30)).dead.isEmpty)
        #expect(Set(master.tick(after: .seconds(1)).dead) == [":1", ":2", ":3"])
    }

    /// Ticks that wait together are one: where they are far apart, heartbeats wait as long.
    @Test func aMasterThatIsFarBehindTakesNobodyForDead() throws {
        var master = MasterHarness()
        try master.join(.swift, ":1", ":2")
        _ = master.tick(after: .seconds(31))
        try master.join(.swift, ":1", ":2")
        for _ in 0..<10 {
            for _ in 0..<3 {
                master.standStill(.seconds(4))
                try master.join(.swift, ":2")
            }
            #expect(master.step(.tick).dead.isEmpty)
        }
        for _ in 0..<30 {
            #expect(master.tick(after: .seconds(1)).dead.isEmpty)
            try master.join(.swift, ":2")
        }
        #expect(master.tick(after: .seconds(1)).dead == [":1"], "it keeps up again, and still hears nothing")
    }

    @Test func aWriterHasTimeToComeBackToAMasterThatStoodStill() throws {
        var master = MasterHarness(policy: .withoutSafeMode)
        let upload = try master.create("a").answer.upload()
        _ = master.close(1)
        master.standStill(.seconds(60))
        #expect(master.step(.tick).mutations.isEmpty)
        _ = master.tick(after: .seconds(29))
        #expect(master.image.files.map(\.header.id) == [upload])
        _ = master.tick(after: .seconds(1))
        #expect(master.image.files.isEmpty, "it did not")
    }

    /// A master that is stopped right after its start has not waited for its servers yet.
    @Test func theTimeAfterAStartDoesNotPassWhileTheMasterStandsStill() throws {
        var master = MasterHarness()
        try master.join(.swift, ":1", ":2")
        _ = try master.putFile("a")
        master.restart()
        master.standStill(.seconds(400))
        #expect(master.step(.tick).leftSafeMode.isEmpty)
        #expect(master.tick(after: .seconds(300)).leftSafeMode.isEmpty)
        #expect(master.tick(after: .seconds(1)).leftSafeMode == [1])
    }
}

extension [Effect] {
    fileprivate var dead: [String] {
        compactMap { if case .log(.serverDied(let server)) = $0 { server.description } else { nil } }
    }

    fileprivate var standstills: [Duration] {
        compactMap { if case .log(.stoodStill(let time)) = $0 { time } else { nil } }
    }

    /// The chunks unheard of each time.
    fileprivate var leftSafeMode: [Int] {
        compactMap { if case .log(.safeModeLeft(let unheard, _, _)) = $0 { unheard } else { nil } }
    }
}
