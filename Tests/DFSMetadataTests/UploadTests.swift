import DFSCore
import Testing

@testable import DFSMetadata

/// Uploads of Swift clients.
@Suite struct UploadTests {
    private func cluster() throws -> MasterHarness {
        var master = MasterHarness()
        try master.join(.swift, ":1", ":2", ":3")
        return master
    }

    @Test func aFileIsVisibleOnlyOnceItIsComplete() throws {
        var master = try cluster()
        let upload = try master.create("a").answer.upload()
        let (id, servers) = try master.allocate("a", 0, upload: upload).answer.allocation()
        #expect(try master.open("a").answer.code == .notFound)
        for server in servers { _ = try master.report(server, [(id, .short)]) }
        #expect(try master.open("a").answer.code == .notFound)
        let written = WrittenChunk(id: id, digest: .short, servers: [])
        let (answer, effects) = master.complete(upload, [written])
        #expect(answer.code == nil)
        #expect(effects.mutations == [.seal(upload, digests: [.short], at: master.wallSeconds)])
        let file = try master.open("a").answer.opened()
        #expect(file.length == 1000)
        #expect(file.chunks.map(\.id) == [id])
        #expect(Set(file.chunks[0].servers.map(\.description)) == Set(servers))
    }

    @Test func beginAndAllocationAreDurableBeforeTheirAnswers() throws {
        var master = try cluster()
        let (created, begun) = try master.create("a")
        let upload = try created.upload()
        guard case .begin(let header, _) = begun.mutations.first else { throw WrongAnswer() }
        #expect(header.id == upload)
        #expect(
            try master.allocate("a", 0, upload: upload).effects.mutations == [.allocate(upload, index: 0, servers: [])])
    }

    @Test func aTakenNameIsRefused() throws {
        var master = try cluster()
        _ = try master.putFile("a")
        #expect(try master.create("a", over: 9).answer.code == .alreadyExists)
        _ = try master.create("b", over: 1)
        #expect(try master.create("b", over: 9).answer.code == .alreadyExists)
    }

    @Test func anUploadWhoseConnectionClosedIsTakenOverAtOnce() throws {
        var master = try cluster()
        let first = try master.create("a", over: 1).answer.upload()
        _ = master.close(1)
        let (answer, effects) = try master.create("a", over: 2)
        #expect(try answer.upload() != first)
        #expect(
            effects.mutations.first
                == .abandon(
                    Tombstone(file: first, name: try FileName("a"), chunkCount: 0, abandonedAt: master.wallSeconds)))
        #expect(try master.allocate("a", 0, upload: first, over: 1).answer.code == .notFound)
    }

    @Test func anUploadWhoseConnectionClosedIsAbandonedAfterTenSeconds() throws {
        var master = try cluster()
        let upload = try master.create("a", over: 1).answer.upload()
        _ = master.close(1)
        #expect(master.tick(after: .seconds(9)).mutations.isEmpty)
        master.pass(.seconds(2))
        let gone = Mutation.abandon(
            Tombstone(file: upload, name: try FileName("a"), chunkCount: 0, abandonedAt: master.wallSeconds))
        #expect(master.tick().mutations == [gone])
        #expect(master.image.files.isEmpty)
    }

    @Test func aCallThatNamesTheUploadAttachesItAgain() throws {
        var master = try cluster()
        let upload = try master.create("a", over: 1).answer.upload()
        _ = master.close(1)
        _ = try master.allocate("a", 0, upload: upload, over: 2).answer.get()
        #expect(master.tick(after: .seconds(20)).mutations.isEmpty)
    }

    @Test func anUploadThatIsRenewedOutlivesItsConnectionAndItsMaster() throws {
        var master = try cluster()
        let upload = try master.create("a", over: 1).answer.upload()
        _ = master.close(1)
        let renewal = master.renew(upload, over: 2)
        #expect(renewal.answer.code == nil && renewal.effects.mutations.isEmpty, "nothing is written")
        #expect(master.tick(after: .seconds(100)).mutations.isEmpty)
        // One that was on its way when its connection closed takes nothing from the present one.
        #expect(master.renew(upload, over: 1).answer.code == nil)
        #expect(master.tick(after: .seconds(100)).mutations.isEmpty)
        master.restart()
        _ = master.tick(after: .seconds(29))
        _ = master.renew(upload, over: 3)
        #expect(master.tick(after: .seconds(100)).mutations.isEmpty)
        _ = master.close(3)
        _ = master.tick(after: .seconds(11))
        #expect(master.image.files.isEmpty)
        #expect(master.renew(upload, over: 4).answer.code == .notFound)
    }

    @Test func aCreationThatIsAskedAgainOverAnotherConnectionHoldsTheUploadThere() throws {
        var master = try cluster()
        let upload = try master.create("a", over: 1, id: "x").answer.upload()
        #expect(try master.create("a", over: 2, id: "x").answer.upload() == upload)
        _ = master.close(1)
        #expect(master.tick(after: .seconds(100)).mutations.isEmpty)
        _ = master.close(2)
        _ = master.tick(after: .seconds(11))
        #expect(master.image.files.isEmpty)
    }

    @Test func aCallThatWasOnItsWayWhenItsConnectionClosedHoldsNoLease() throws {
        var master = try cluster()
        _ = master.close(1)
        _ = try master.create("a", over: 1).answer.get()
        _ = master.tick(after: .seconds(11))
        #expect(master.image.files.isEmpty)
    }

    @Test func theSameIndexKeepsItsChunkIDAndDropsTheExcludedServer() throws {
        var master = try cluster()
        let upload = try master.create("a").answer.upload()
        let (id, servers) = try master.allocate("a", 0, upload: upload).answer.allocation()
        let again = try master.allocate("a", 0, upload: upload, excluding: [servers[0]])
        let (sameID, others) = try again.answer.allocation()
        #expect(sameID == id)
        #expect(others.count == 2)
        #expect(!others.contains(servers[0]))
        #expect(others.contains(servers[1]))
        #expect(again.effects.mutations.isEmpty)
    }

    @Test func completionIsRefusedWithoutAllChunksOrTheirReplicas() throws {
        var master = try cluster()
        let upload = try master.create("a").answer.upload()
        let (first, servers) = try master.allocate("a", 0, upload: upload).answer.allocation()
        let (second, _) = try master.allocate("a", 1, upload: upload).answer.allocation()
        let server = try ServerAddress(servers[0])
        let whole = WrittenChunk(id: first, digest: .full, servers: [server])
        #expect(master.complete(upload, [whole]).answer.code == .failedPrecondition)
        let unheld = WrittenChunk(id: second, digest: .short, servers: [])
        #expect(master.complete(upload, [whole, unheld]).answer.code == .failedPrecondition)
        let tooShort = WrittenChunk(id: first, digest: .short, servers: [server])
        let held = WrittenChunk(id: second, digest: .short, servers: [server])
        #expect(master.complete(upload, [tooShort, held]).answer.code == .invalidArgument)
        #expect(master.complete(upload, [whole, held]).answer.code == nil)
        #expect(master.complete(upload, [whole, held]).answer.code == nil, "asked again after a lost answer")
        let other = WrittenChunk(id: second, digest: .torn, servers: [server])
        #expect(master.complete(upload, [whole, other]).answer.code == .failedPrecondition)
    }

    @Test func aDigestThatNoServerStoredIsDataLoss() throws {
        var master = try cluster()
        let upload = try master.create("a").answer.upload()
        let (id, servers) = try master.allocate("a", 0, upload: upload).answer.allocation()
        _ = try master.report(servers[0], [(id, .torn)])
        let written = WrittenChunk(id: id, digest: .short, servers: [])
        #expect(master.complete(upload, [written]).answer.code == .dataLoss)
    }

    @Test func anAbandonedUploadFreesItsNameAndItsChunksAreDeletedWhereverTheyTurnUp() throws {
        var master = try cluster()
        let upload = try master.create("a").answer.upload()
        let (id, servers) = try master.allocate("a", 0, upload: upload).answer.allocation()
        _ = try master.report(servers[0], [(id, .short)])
        let (answer, effects) = master.ask { .abandon(upload, $0) }
        #expect(answer.code == nil)
        #expect(effects.deletions == [id])
        #expect(try master.create("a").answer.code == nil)
        // The other server lists it late; and the tombstone outlives the master.
        #expect(try master.heartbeat(servers[1], [id]).deletions == [id])
        master.restart()
        #expect(try master.heartbeat(":7", [id]).deletions == [id])
    }

    @Test func afterARestartOpenUploadsWaitThirtySecondsForTheirWriters() throws {
        var master = try cluster()
        let upload = try master.create("a").answer.upload()
        let (id, servers) = try master.allocate("a", 0, upload: upload).answer.allocation()
        master.restart()
        try master.join(.swift, ":1", ":2", ":3")
        _ = master.tick(after: .seconds(29))
        _ = try master.report(servers[0], [(id, .short)])
        #expect(try master.allocate("a", 0, upload: upload).answer.allocation().id == id)
        let written = WrittenChunk(id: id, digest: .short, servers: [])
        #expect(master.complete(upload, [written]).answer.code == nil)

        let forgotten = try master.create("b").answer.upload()
        master.restart()
        _ = master.tick(after: .seconds(31))
        #expect(master.ask { .abandon(forgotten, $0) }.answer.code == nil)
        #expect(master.image.files.map(\.header.name.text) == ["a"])
    }

    /// Its servers have acknowledged the chunk and have not met the new master yet.
    @Test func completionRightAfterARestartWaitsForTheServersThatAcknowledged() throws {
        var master = try cluster()
        let upload = try master.create("a").answer.upload()
        let (id, servers) = try master.allocate("a", 0, upload: upload).answer.allocation()
        master.restart()
        let written = WrittenChunk(id: id, digest: .short, servers: try servers.map { try ServerAddress($0) })
        #expect(master.complete(upload, [written]).answer.code == .unavailable)
        _ = try master.heartbeat(servers[0], [])
        #expect(master.complete(upload, [written]).answer.code == nil)
        // The server's own word comes later, and changes nothing.
        #expect(try master.report(servers[0], [(id, .short)]).effects.deletions == [])
        #expect(try master.open("a").answer.opened().chunks[0].servers.map(\.description) == [servers[0]])
    }

    @Test func completionLongAfterARestartIsRefusedWithoutItsServers() throws {
        var master = try cluster()
        let upload = try master.create("a").answer.upload()
        let (id, servers) = try master.allocate("a", 0, upload: upload).answer.allocation()
        master.restart()
        _ = try master.allocate("a", 0, upload: upload)
        _ = master.tick(after: .seconds(31))
        let written = WrittenChunk(id: id, digest: .short, servers: try servers.map { try ServerAddress($0) })
        #expect(master.complete(upload, [written]).answer.code == .failedPrecondition)
    }

    @Test func indexesOutOfRangeAreRefused() throws {
        var master = try cluster()
        let upload = try master.create("a").answer.upload()
        #expect(try master.allocate("a", -1, upload: upload).answer.code == .invalidArgument)
        #expect(try master.allocate("a", 5000, upload: upload).answer.code == .invalidArgument)
        #expect(try master.allocate("b", 0, upload: upload).answer.code == .notFound)
        #expect(try master.create("c", copies: 65).answer.code == .invalidArgument)
        #expect(try master.create("c", copies: 17).answer.code == .invalidArgument, "no chain reaches so many servers")
        #expect(try master.create("c", copies: 16).answer.code == nil)
    }

    /// The answer was lost with the master, and somebody else was quicker.
    @Test func aCompletionThatIsAskedAgainBehindAnAppendIsDone() throws {
        var master = try MasterHarness.withSwiftServers()
        let upload = try master.create("a").answer.upload()
        let (id, servers) = try master.allocate("a", 0, upload: upload).answer.allocation()
        let written = WrittenChunk(id: id, digest: .short, servers: try servers.map { try ServerAddress($0) })
        #expect(master.complete(upload, [written]).answer.code == nil)
        let place = try master.openAppend("a", "other").answer.place()
        _ = try master.renew(place.servers[0], [place.chunk]).answer.leases()
        #expect(master.complete(upload, [written]).answer.code == nil, "the appended chunk is open")
        _ = try master.closeAppend("a", "other")
        let raised = place.chunk.raised()
        for server in place.servers { _ = master.fenced(raised, server, FenceAnswer(hasChunk: true, length: 70)) }
        _ = master.sealed(raised, 70, place.servers[0], 9)
        #expect(try master.status("a").length == 1070)
        #expect(master.complete(upload, [written]).answer.code == nil)
        let other = WrittenChunk(id: id, digest: .torn, servers: written.servers)
        #expect(master.complete(upload, [other]).answer.code == .failedPrecondition)
        let appended = WrittenChunk(id: raised.chunk, digest: .short, servers: written.servers)
        #expect(master.complete(upload, [written, appended]).answer.code == .failedPrecondition)
        #expect(master.complete(upload, []).answer.code == .failedPrecondition)
    }

    /// A restored backup does not know which ids the lost life gave out.
    @Test func idsBeginAnywhereInTheirSecondBehindAClockThatWasAhead() throws {
        var master = MasterHarness(policy: .withoutSafeMode)
        master.setCalendarBack(by: -1_000_000)
        let first = try master.create("a").answer.upload()
        let ids = try (1...2).map { seed in
            var life = MasterHarness(policy: master.policy, seed: UInt64(seed), image: master.image)
            let ids = try ["b", "c"].map { try life.create($0).answer.upload() }
            #expect(ids[0] > first && ids[1].rawValue == ids[0].rawValue + 1)
            #expect(life.image.periods.last?.endedAt == ids[0].second)
            return ids[0]
        }
        #expect(ids[0] != ids[1])
    }
}
