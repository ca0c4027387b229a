import DFSCore
import Testing

@testable import DFSMetadata

@Suite struct HeartbeatTests {
    @Test func anyHeartbeatRegistersAnUnknownServerAndItIsAskedOnceAConnectionWhoItIs() throws {
        var master = MasterHarness()
        #expect(try master.heartbeat(":1").described == [":1"])
        #expect(try master.heartbeat(":1").described.isEmpty)
        #expect(try master.heartbeat(":1", life: 1).described == [":1"])
    }

    @Test func aServerThatCouldNotBeAskedIsAskedAgain() throws {
        var master = MasterHarness()
        _ = try master.heartbeat(":1")
        _ = try master.described(":1", .unknown)
        #expect(try master.heartbeat(":1").described.isEmpty)
        master.pass(.seconds(5))
        #expect(try master.heartbeat(":1").described == [":1"])
    }

    @Test func chunksThatNobodyKnowsAreNeverDeleted() throws {
        var master = MasterHarness()
        try master.join(.go, ":1", ":2")
        _ = try master.putFile("a")
        let unknown = try ChunkID("b_0")
        let similar = try ChunkID("a.0123456789abcdef_0")
        for _ in 0..<5 {
            master.pass(.seconds(30))
            #expect(try master.heartbeat(":1", [unknown, similar]).deletions.isEmpty)
            #expect(master.tick().deletions.isEmpty)
        }
    }

    @Test func duplicatesInAListCountOnce() throws {
        var master = MasterHarness()
        try master.join(.swift, ":1", ":2")
        let (id, servers) = try master.putFile("a")
        _ = try master.heartbeat(servers[0], [id, id, id])
        #expect(try master.open("a").answer.opened().chunks[0].servers.count == 2)
    }

    @Test func aListThatSaysNothingNewIsRecognisedInAnyOrderUntilSomethingChanges() throws {
        var master = MasterHarness()
        try master.join(.swift, ":1", ":2")
        let ids = try ["a", "b", "c"].map { try master.putFile($0).id }
        let server = try #require(master.state.servers.handle(of: ServerAddress(":1")))
        _ = try master.heartbeat(":1", ids)
        let number = master.state.servers[server].listNumber
        _ = try master.heartbeat(":1", ids.reversed())
        #expect(master.state.servers[server].listNumber == number, "not looked at")
        _ = try master.heartbeat(":1", ids.dropLast())
        #expect(master.state.servers[server].listNumber == number + 1)
        _ = try master.heartbeat(":1", ids.dropLast())
        #expect(master.state.servers[server].listNumber == number + 2, "a chunk that is missing is waited for")
        _ = try master.heartbeat(":1", ids)
        _ = try master.putFile("d")
        _ = try master.heartbeat(":1", ids)
        #expect(master.state.servers[server].listNumber == number + 4, "its records have changed")
    }

    @Test func anEmptyListAtRegistrationLosesNothing() throws {
        var master = MasterHarness()
        try master.join(.swift, ":1", ":2")
        let (id, servers) = try master.putFile("a")
        _ = try master.register(servers[0], [])
        #expect(try master.open("a").answer.opened().chunks[0].servers.count == 2)
        master.pass(.seconds(5))
        _ = try master.heartbeat(servers[0], [id])
        master.pass(.seconds(11))
        _ = try master.heartbeat(servers[0], [id])
        #expect(try master.open("a").answer.opened().chunks[0].servers.count == 2)
    }

    /// `make thrash` found it: acknowledged files of Go clients were abandoned, and their chunks ordered deleted.
    @Test func emptyListsOfAServerThatIsStartedTwiceLoseNothing() throws {
        var master = MasterHarness()
        try master.join(.go, ":1", ":2")
        let (id, servers) = try master.allocate("a", 0).answer.allocation()
        _ = try master.beat([servers[0]: [id], servers[1]: []])
        _ = master.close(1)
        _ = try master.register(servers[0], life: 1, [])
        for _ in 0..<4 {
            _ = master.tick(after: .seconds(5))
            _ = try master.heartbeat(servers[1])
            _ = try master.readBack(id, servers[1], .absent)
            _ = try master.readBack(id, servers[0], .unreachable)
        }
        let effects = try master.register(servers[0], life: 2, [])
        #expect(!effects.contains { if case .log(.replicaLost) = $0 { true } else { false } })
        #expect(try master.fileInfo("a").answer.code == .unavailable, "it is waited for")
        for _ in 0..<3 {
            _ = try master.readBack(id, servers[0], .read(.short))
            _ = master.tick(after: .seconds(11))
            _ = try master.heartbeat(servers[1])
            _ = try master.heartbeat(servers[0], life: 2, [id])
        }
        #expect(try master.fileInfo("a").answer.code == nil)
    }

    @Test func aChunkThatListsOverOneConnectionLackIsGone() throws {
        var master = MasterHarness()
        try master.join(.go, ":1", ":2")
        let (id, servers) = try master.putFile("a")
        _ = try master.register(servers[0], life: 1, [])
        _ = master.tick(after: .seconds(5))
        _ = try master.heartbeat(servers[0], life: 1)
        _ = master.tick(after: .seconds(6))
        let effects = try master.heartbeat(servers[0], life: 1)
        #expect(effects.contains { if case .log(.replicaLost(id, _)) = $0 { true } else { false } })
    }

    @Test func aWrongDigestIsUnwantedAndTheReplicaIsNotNamed() throws {
        var master = MasterHarness()
        try master.join(.swift, ":1", ":2")
        let (id, servers) = try master.putFile("a")
        #expect(try master.report(servers[1], [(id, .torn)]).answer.unwanted() == [id])
        #expect(try master.open("a").answer.opened().chunks[0].servers.map(\.description) == [servers[0]])
    }

    @Test func aFileIsUnavailableWhileNoServerHoldsAChunkWhole() throws {
        var master = MasterHarness()
        try master.join(.swift, ":1", ":2")
        let (id, servers) = try master.putFile("a")
        master.restart()
        #expect(try master.open("a").answer.code == .unavailable)
        #expect(try master.fileInfo("a").answer.code == .unavailable)
        try master.join(.swift, ":1", ":2")
        _ = try master.heartbeat(servers[0], [id])
        #expect(try master.fileInfo("a").answer.code == .unavailable, "listed is not whole")
        #expect(try master.open("a").answer.code == nil, "but one who checks the bytes may try")
        _ = try master.report(servers[0], [(id, .short)])
        #expect(try master.fileInfo("a").answer.code == nil)
    }

    @Test func theStateLosesNoReplicaRecordWhenSidesChange() throws {
        var master = MasterHarness()
        try master.join(.swift, ":1", ":2", ":3")
        for index in 0..<10 { _ = try master.putFile("f\(index)") }
        for chunk in master.state.chunks.all {
            for replica in master.state.chunks[chunk].replicas {
                #expect(master.state.servers[replica.server].chunks.contains(chunk))
            }
        }
    }

    @Test func aDeletionThatIsNotDoneIsOrderedAgainAfterAMinute() throws {
        var master = MasterHarness()
        try master.join(.swift, ":1", ":2")
        let upload = try master.create("a").answer.upload()
        let (id, servers) = try master.allocate("a", 0, upload: upload).answer.allocation()
        _ = master.ask { .abandon(upload, $0) }
        #expect(try master.heartbeat(servers[0], [id]).deletions == [id])
        master.pass(.seconds(59))
        #expect(try master.heartbeat(servers[0], [id]).deletions.isEmpty)
        master.pass(.seconds(2))
        #expect(try master.heartbeat(servers[0], [id]).deletions == [id])
    }

    @Test func noServerHasMoreThanAHundredTasksOutstanding() throws {
        var master = MasterHarness()
        try master.join(.swift, ":1", ":2")
        let upload = try master.create("a").answer.upload()
        for index in 0..<150 {
            _ = try master.allocate("a", index, upload: upload).answer.get()
            _ = try master.beat([":1": [], ":2": []])
        }
        _ = master.ask { .abandon(upload, $0) }
        let ids = (0..<150).map { try? FileName("a").chunkID(fileID: upload.rawValue, index: $0) }.compactMap(\.self)
        #expect(try master.heartbeat(":1", ids).deletions.count == 100)
        #expect(try master.heartbeat(":1", ids).deletions.isEmpty)
        let rest = Array(ids.dropFirst(40))
        #expect(try master.heartbeat(":1", rest).deletions.count == 40, "those that are done make room")
    }
}
