import DFSCore
import Testing

@testable import DFSMetadata

@Suite struct PlacementTests {
    @Test func serversWithMostFreeSpaceComeFirst() throws {
        var master = MasterHarness()
        _ = try master.heartbeat(":1", free: 1000)
        _ = try master.heartbeat(":2", free: 3000)
        _ = try master.heartbeat(":3", free: 2000)
        let servers = try master.allocate("a", 0).answer.allocation().servers
        #expect(servers == [":2", ":3"])
    }

    @Test func swiftServersAreNamedFirst() throws {
        var master = MasterHarness()
        _ = try master.heartbeat(":1", free: 3000)
        _ = try master.heartbeat(":2", free: 1000)
        _ = try master.described(":1", .go)
        _ = try master.described(":2", .swift)
        #expect(try master.allocate("a", 0).answer.allocation().servers == [":2", ":1"])
    }

    @Test func serversWithLessThanAChunkFreeAreSkippedAndTheNameStaysFree() throws {
        var master = MasterHarness()
        _ = try master.heartbeat(":1", free: 1000)
        _ = try master.heartbeat(":2", free: 63)
        #expect(try master.allocate("a", 0).answer.code == .resourceExhausted)
        #expect(master.image.files.isEmpty)
        _ = try master.heartbeat(":2", free: 64)
        #expect(try master.allocate("a", 0).answer.allocation().servers.count == 2)
    }

    @Test func whatIsHandedOutIsReservedUntilTheNextHeartbeat() throws {
        var master = MasterHarness()
        _ = try master.heartbeat(":1", free: 64)
        _ = try master.heartbeat(":2", free: 64)
        #expect(try master.allocate("a", 0).answer.code == nil)
        #expect(try master.allocate("b", 0, over: 2).answer.code == .resourceExhausted)
        _ = try master.heartbeat(":1", free: 64)
        _ = try master.heartbeat(":2", free: 64)
        #expect(try master.allocate("b", 0, over: 2).answer.code == nil)
    }

    @Test func tiesAreSpread() throws {
        var master = MasterHarness()
        for port in 1...8 { _ = try master.heartbeat(":\(port)") }
        var used: Set<String> = []
        for index in 0..<4 {
            used.formUnion(try master.allocate("f", index).answer.allocation().servers)
        }
        #expect(used.count == 8, "four chunks of two copies fill eight equal servers")
    }

    @Test func aServerThatLostItsStreamIsTheLastChoice() throws {
        var master = MasterHarness()
        _ = try master.heartbeat(":1", free: 9000)
        _ = try master.heartbeat(":2", free: 1000)
        _ = try master.heartbeat(":3", free: 1000)
        let lost = try ServerAddress(":1")
        _ = master.step(.heartbeatStreamEnded(lost, MasterHarness.stream(of: lost, life: 0)))
        let servers = try master.allocate("a", 0).answer.allocation().servers
        #expect(servers.sorted() == [":2", ":3"])
    }

    @Test func tooFewServersAreWaitedForAfterTheStartAndThenAnError() throws {
        var master = MasterHarness()
        #expect(try master.allocate("a", 0).answer.code == .unavailable)
        _ = try master.heartbeat(":1")
        #expect(try master.allocate("a", 0).answer.code == .unavailable)
        _ = master.tick(after: .seconds(30))
        _ = try master.heartbeat(":1")
        #expect(try master.allocate("a", 0).answer.code == .unavailable)
        _ = master.tick(after: .seconds(1))
        #expect(try master.allocate("a", 0).answer.code == .resourceExhausted)
        master.restart()
        #expect(try master.allocate("a", 0).answer.code == .unavailable)
        #expect(master.image.files.isEmpty, "a Go client's name is not taken by a refusal")
        for server in [":1", ":2"] { _ = try master.heartbeat(server) }
        #expect(try master.allocate("a", 0).answer.allocation().servers.count == 2)
    }

    /// Its writer asks for the same servers again when it hears that there are no others.
    @Test func writerThatCouldNotUseAServerIsNotKeptWaitingForOthers() throws {
        var master = MasterHarness()
        for server in [":1", ":2"] { _ = try master.heartbeat(server) }
        let upload = try master.create("a").answer.upload()
        _ = try master.allocate("a", 0, upload: upload).answer.get()
        #expect(try master.allocate("a", 0, upload: upload, excluding: [":2"]).answer.code == .resourceExhausted)
    }

    @Test func missingRoomIsToldAtOnce() throws {
        var master = MasterHarness()
        for server in [":1", ":2"] { _ = try master.heartbeat(server, free: 1) }
        #expect(try master.allocate("a", 0).answer.code == .resourceExhausted)
    }

    @Test func sameSeedGivesSameChoices() throws {
        func run(_ seed: UInt64) throws -> [String] {
            var master = MasterHarness(seed: seed)
            for port in 1...8 { _ = try master.heartbeat(":\(port)") }
            return try (0..<4).flatMap { try master.allocate("f", $0).answer.allocation().servers }
        }
        #expect(try run(5) == run(5))
    }
}
