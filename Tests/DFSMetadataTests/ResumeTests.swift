import DFSCore
import Testing

@testable import DFSMetadata

/// Uploads that are kept for a put that goes on with them (docs/decisions/0037).
@Suite struct ResumeTests {
    private func cluster(_ policy: ClusterPolicy = ClusterPolicy()) throws -> MasterHarness {
        var master = MasterHarness(policy: policy)
        try master.join(.swift, ":1", ":2", ":3")
        return master
    }

    private func state(_ upload: FileID, _ master: inout MasterHarness) throws -> UploadState {
        try master.ask { .uploadState(upload, $0) }.answer.uploadState()
    }

    /// Begins `a` over connection 1 and stores its first chunk on two servers; the second is allocated.
    private func begin(_ master: inout MasterHarness, keep: UInt32 = 3600) throws -> (FileID, ChunkID, [String]) {
        let upload = try master.create("a", over: 1, keep: keep).answer.upload()
        let (id, servers) = try master.allocate("a", 0, upload: upload).answer.allocation()
        _ = try master.allocate("a", 1, upload: upload).answer.get()
        for server in servers { _ = try master.report(server, [(id, .full)]) }
        return (upload, id, servers)
    }

    @Test func anUploadThatLostItsConnectionIsResumedWithWhatIsStored() throws {
        var master = try cluster()
        let (upload, id, servers) = try begin(&master)
        _ = master.close(1)
        _ = master.tick(after: .seconds(3590))
        try master.join(.swift, ":1", ":2", ":3")
        for server in servers { _ = try master.heartbeat(server, [id]) }
        let (answer, effects) = try master.create("a", over: 2, keep: 60)
        #expect(try answer.upload() == upload)
        #expect(effects.mutations.isEmpty, "nothing has changed that a crash could lose")
        let state = try state(upload, &master)
        #expect(state.keepSeconds == 3600)
        #expect(state.allocatedCount == 2)
        #expect(state.chunks.map(\.id) == [id])
        #expect(state.chunks[0].digest == .full)
        #expect(Set(state.chunks[0].servers.map(\.description)) == Set(servers))
        #expect(!state.mayGrow)
        // It is held again, and can be completed over the new connection.
        _ = master.tick(after: .seconds(4000))
        for server in [":1", ":2", ":3"] { _ = try master.heartbeat(server, servers.contains(server) ? [id] : []) }
        let (second, others) = try master.allocate("a", 1, upload: upload, over: 2).answer.allocation()
        let chunks = [
            WrittenChunk(id: id, digest: .full, servers: []),
            WrittenChunk(id: second, digest: .short, servers: [try ServerAddress(others[0])]),
        ]
        #expect(master.complete(upload, chunks, over: 2).answer.code == nil)
        #expect(try master.open("a").answer.opened().length == UInt64(64 << 20) + 1000)
        #expect(master.image.files.map(\.header.keepSeconds) == [0])
    }

    @Test func anUploadIsAbandonedWhenItsTimeIsOver() throws {
        var master = try cluster()
        let (_, id, servers) = try begin(&master)
        _ = master.close(1)
        _ = master.tick(after: .seconds(3599))
        #expect(master.image.files.count == 1)
        // Chunks of it are no orphans, and nobody is told to delete them, before.
        #expect(try master.heartbeat(servers[0], [id]).deletions.isEmpty)
        var effects = master.tick(after: .seconds(2))
        #expect(master.image.files.isEmpty)
        effects += try master.heartbeat(servers[0], [id])
        #expect(effects.deletions == [id])
    }

    @Test func theMasterBoundsHowLongUploadsAreKept() throws {
        var policy = ClusterPolicy()
        policy.longestUploadKeep = .seconds(100)
        var master = try cluster(policy)
        let (upload, _, _) = try begin(&master)
        #expect(try state(upload, &master).keepSeconds == 100)
        _ = master.close(1)
        _ = master.tick(after: .seconds(101))
        #expect(master.image.files.isEmpty)
        policy.longestUploadKeep = .zero
        master = try cluster(policy)
        #expect(try master.create("a", keep: 60).answer.code == .failedPrecondition)
        #expect(try master.create("a").answer.code == nil)
    }

    @Test func theMasterBoundsHowManyUploadsAreKept() throws {
        var policy = ClusterPolicy()
        policy.maxKeptUploads = 2
        var master = try cluster(policy)
        let first = try master.create("a", over: 1, keep: 60).answer.upload()
        _ = try master.create("b", over: 1, keep: 60).answer.get()
        #expect(try master.create("c", over: 1, keep: 60).answer.code == .resourceExhausted)
        #expect(try master.create("c", over: 1).answer.code == nil, "others are not counted")
        _ = master.close(1)
        #expect(try master.create("a", over: 2, keep: 60).answer.upload() == first, "resuming needs no more room")
        _ = master.ask { .abandon(first, $0) }
        #expect(try master.create("d", over: 2, keep: 60).answer.code == nil)
        master.restart()
        #expect(try master.create("e", over: 3, keep: 60).answer.code == .resourceExhausted, "counted after a restart")
    }

    /// Nothing is taken from anybody for the sake of what does not come to be.
    @Test func aKeptUploadOutlivesARefusedOneOfItsName() throws {
        var policy = ClusterPolicy()
        policy.maxUploadsPerConnection = 1
        policy.maxKeptUploads = 1
        var master = try cluster(policy)
        let (upload, _, _) = try begin(&master)
        _ = master.close(1)
        _ = try master.create("other", over: 2).answer.get()
        #expect(try master.create("a", over: 2).answer.code == .resourceExhausted)
        #expect(try master.allocate("a", 0, over: 2).answer.code == .resourceExhausted)
        #expect(try state(upload, &master).chunks.count == 1)
        // The one that takes its place takes its room, too.
        #expect(try master.create("a", over: 3, copies: 3, keep: 60).answer.upload() != upload)
        #expect(master.ask { .uploadState(upload, $0) }.answer.code == .notFound)
    }

    @Test func aKeptUploadOutlivesAGoUploadThatNoServerTakes() throws {
        var master = try cluster()
        let (upload, _, _) = try begin(&master)
        _ = master.close(1)
        for server in [":1", ":2", ":3"] { _ = try master.heartbeat(server, free: 1) }
        #expect(try master.allocate("a", 0, over: 2).answer.code == .resourceExhausted)
        #expect(try state(upload, &master).allocatedCount == 2)
    }

    @Test func aPutThatDoesNotResumeTakesTheNameOver() throws {
        var master = try cluster()
        let (upload, _, _) = try begin(&master)
        _ = master.close(1)
        #expect(try master.create("a", over: 2).answer.upload() != upload)
        #expect(master.ask { .uploadState(upload, $0) }.answer.code == .notFound)
    }

    @Test func aPutWithOtherOptionsBeginsAnew() throws {
        for index in 0..<3 {
            var master = try cluster()
            let (upload, _, _) = try begin(&master)
            _ = master.close(1)
            let again = try master.create(
                "a", over: 2, copies: index == 0 ? 1 : nil, replaces: index == 1,
                attributes: index == 2 ? ["k": "v"] : [:], keep: 60)
            #expect(try again.answer.upload() != upload)
            #expect(master.image.files.count == 1)
        }
    }

    @Test func anUploadThatWasNotToBeKeptIsNotResumed() throws {
        var master = try cluster()
        let (upload, _, _) = try begin(&master, keep: 0)
        _ = master.close(1)
        #expect(try master.create("a", over: 2, keep: 60).answer.upload() != upload)
    }

    @Test func anUploadThatIsHeldIsNobodyElses() throws {
        var master = try cluster()
        let (upload, _, _) = try begin(&master)
        #expect(try master.create("a", over: 2, keep: 60).answer.code == .alreadyExists)
        // Another connection cannot let go of it, either.
        _ = master.ask { .leave(upload, ConnectionToken(rawValue: 2), $0) }
        #expect(try master.create("a", over: 2, keep: 60).answer.code == .alreadyExists)
        _ = master.ask { .leave(upload, ConnectionToken(rawValue: 1), $0) }
        #expect(try master.create("a", over: 2, keep: 60).answer.upload() == upload)
        // The first one closes afterwards: the second one holds it.
        _ = master.close(1)
        _ = master.tick(after: .seconds(4000))
        #expect(master.image.files.count == 1)
    }

    /// For a day nobody else could use the name, otherwise.
    @Test func anUploadThatNobodyHoldsGivesWayToWhateverTakesItsName() throws {
        for index in 0..<3 {
            var master = try cluster()
            if index == 2 { _ = try master.putFile("a") }
            let upload = try master.create("a", over: 3, replaces: index == 2, keep: 60).answer.upload()
            let rename = RenameRequest(source: try FileName("b"), target: try FileName("a"), replaces: index == 2)
            _ = try master.putFile("b")
            #expect(master.ask { .rename(rename, $0) }.answer.code == .alreadyExists, "while it is written")
            _ = master.close(3)
            let folder = try FileName("a")
            let taken = master.ask { index == 0 ? .makeFolder(folder, $0) : .rename(rename, $0) }
            #expect(taken.answer.code == nil)
            #expect(master.ask { .uploadState(upload, $0) }.answer.code == .notFound)
            #expect(try master.create("a", over: 2, keep: 60).answer.code != nil)
        }
    }

    @Test func afterARestartOfTheMasterItWaitsForTheServers() throws {
        var master = try cluster()
        let (upload, id, servers) = try begin(&master)
        master.restart()
        _ = master.tick(after: .seconds(3000))
        master.restart()
        #expect(try master.create("a", over: 2, keep: 60).answer.upload() == upload)
        #expect(try state(upload, &master).mayGrow)
        #expect(try state(upload, &master).chunks.isEmpty)
        try master.join(.swift, ":1", ":2", ":3")
        for server in servers { _ = try master.report(server, [(id, .full)]) }
        #expect(try state(upload, &master).chunks.map(\.id) == [id])
        #expect(try state(upload, &master).mayGrow, "the second chunk may be somewhere")
        for address in [":1", ":2", ":3"] { _ = try master.heartbeat(address, servers.contains(address) ? [id] : []) }
        _ = master.tick(after: ClusterPolicy().liveThreshold + .seconds(1))
        #expect(try !state(upload, &master).mayGrow)
    }

    @Test func aChunkKeepsItsFirstContentsWhoeverWritesIt() throws {
        var master = try cluster()
        let (upload, id, servers) = try begin(&master)
        _ = master.close(1)
        _ = try master.create("a", over: 2, keep: 60).answer.get()
        // A server that was away has taken other bytes of the same chunk from an earlier writer.
        let other = try #require([":1", ":2", ":3"].first { !servers.contains($0) })
        #expect(try master.report(other, [(id, .torn)]).answer.unwanted() == [id])
        #expect(try state(upload, &master).chunks.map(\.digest) == [.full])
    }

    @Test func aDeadServerIsNotNamedAndItsChunkStaysSettled() throws {
        var master = try cluster()
        let (upload, id, servers) = try begin(&master)
        _ = master.close(1)
        master.pass(ClusterPolicy().liveThreshold + .seconds(1))
        _ = try master.heartbeat(servers[0], [id])
        _ = master.tick()
        #expect(try state(upload, &master).chunks[0].servers.map(\.description) == [servers[0]])
        master.pass(ClusterPolicy().liveThreshold + .seconds(1))
        _ = master.tick()
        #expect(try state(upload, &master).chunks.map(\.digest) == [.full])
        #expect(try state(upload, &master).chunks[0].servers.isEmpty)
    }

    @Test func writersThatComeAndGoFillNoQueue() throws {
        var queue = LeaseQueue()
        let file = FileID(rawValue: 7)
        for second in 0..<10_000 { queue.add(file, until: MonotonicInstant(nanoseconds: UInt64(second + 1))) }
        #expect(queue.count == 1)
        #expect(queue.popDue(MonotonicInstant(nanoseconds: 1)) == file)
        #expect(queue.popDue(MonotonicInstant(nanoseconds: 1_000_000)) == nil)
        queue.add(file, until: MonotonicInstant(nanoseconds: 9))
        queue.add(file, until: MonotonicInstant(nanoseconds: 5))
        #expect(queue.popDue(MonotonicInstant(nanoseconds: 5)) == file, "a lease that ends sooner is not missed")
    }
}
