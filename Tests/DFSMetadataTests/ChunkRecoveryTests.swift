import DFSCore
import Testing

@testable import DFSMetadata

/// How an open chunk whose primary is gone comes to its end.
@Suite struct ChunkRecoveryTests {
    @Test func oneAnswerIsEnoughAndNoneIsWaitedFor() throws {
        var master = try MasterHarness.withSwiftServers()
        let place = try master.openChunk(of: "a")
        _ = try master.closeAppend("a")
        let raised = place.chunk.raised()
        for server in place.servers { _ = master.fenced(raised, server, nil) }
        #expect(try master.openAppend("a").answer.code == .unavailable)
        let again = master.tick(after: .seconds(2))
        #expect(again.fences == place.servers.map { "2@\($0)" }, "the version is high enough already")
        _ = master.fenced(raised, place.servers[0], nil)
        #expect(master.fenced(raised, place.servers[1], FenceAnswer(hasChunk: true, length: 5)).sealOrders.count == 1)
        // The order to seal is lost, with its answer; what it did is found out.
        _ = master.sealed(raised, 5, place.servers[1], nil)
        #expect(master.tick(after: .seconds(3)).fences.count == 2)
        _ = master.fenced(raised, place.servers[0], FenceAnswer(hasChunk: true, length: 8))
        let orders = master.fenced(raised, place.servers[1], FenceAnswer(hasChunk: true, length: 5, isSealed: true))
        #expect(Set(orders.sealOrders) == Set(place.servers.map { "5@\($0)" }), "what is sealed can no longer change")
    }

    @Test func aChunkThatNoServerHasIsGivenToOthersUnderTheNextVersion() throws {
        var master = try MasterHarness.withSwiftServers()
        let place = try master.openChunk(of: "a")
        _ = try master.closeAppend("a")
        let raised = place.chunk.raised()
        _ = master.fenced(raised, place.servers[0], FenceAnswer(hasChunk: false))
        _ = master.fenced(raised, place.servers[1], FenceAnswer(hasChunk: false))
        #expect(try master.open("a").answer.opened().chunks.count == 1)
        master.restart()
        for server in [":1", ":2", ":3"] { try master.join(.swift, server) }
        let next = try master.openAppend("a").answer.place()
        #expect(next.chunk == place.chunk.raised(by: 2) && next.start == 1000)
    }

    @Test func aChunkWithoutAPrimaryIsGivenToOthersThoughAServerIsGone() throws {
        var master = try MasterHarness.withSwiftServers()
        _ = try master.putFile("a")
        let place = try master.openAppend("a").answer.place()
        _ = try master.openAppend("a", failed: place.chunk, excluding: [place.servers[1].description])
        _ = master.fenced(place.chunk.raised(), place.servers[0], FenceAnswer(hasChunk: false))
        _ = master.fenced(place.chunk.raised(), place.servers[1], nil)
        let again = try master.openAppend("a").answer.place()
        #expect(again.chunk == place.chunk.raised(by: 2))
    }

    /// Whether it was granted is not durable, and one that is gone before a restart is not heard of any more.
    @Test(arguments: [false, true])
    func aServerThatIsGoneForGoodIsNotWaitedForWhenItIsOutOfService(_ restarts: Bool) throws {
        var master = try MasterHarness.withSwiftServers()
        let place = try master.openChunk(of: "a")
        let (here, gone) = (place.servers[0], place.servers[1])
        let others = [":1", ":2", ":3"].filter { $0 != gone.description }
        let first = try #require(master.state.namespace.chunkIDs(of: master.fileID("a"))?[0])
        func beat() throws {
            try master.join(.swift, others[0], others[1])
            for server in others {
                _ = try master.heartbeat(server, [first])
                _ = try master.report(server, [(first, .short)])
            }
        }
        if restarts { master.restart() }
        for _ in 0..<8 {
            _ = master.tick(after: .seconds(5))
            try beat()
        }
        let raised = place.chunk.raised()
        _ = master.fenced(raised, here, FenceAnswer(hasChunk: false))
        _ = master.fenced(raised, gone, nil)
        let refusal = try master.openAppend("a").answer
        #expect(refusal.code == .unavailable, "it may have lost its disk, and the other one have what was acknowledged")
        #expect(refusal.message?.contains("\(gone)") == true, "\(refusal.message ?? "")")
        #expect(try master.open("a").answer.message == refusal.message)
        _ = try master.set(.decommissioning, gone.description).answer.get()
        try beat()
        let fences = master.tick(after: .seconds(10)).fences
        #expect(Set(fences) == Set(place.servers.map { "2@\($0)" }))
        _ = master.fenced(raised, gone, nil)
        _ = master.fenced(raised, here, FenceAnswer(hasChunk: false))
        #expect(try master.open("a").answer.opened().length == 1000)
        try beat()
        let again = try master.openAppend("a").answer.place()
        #expect(again.chunk == place.chunk.raised(by: 2) && Set(again.servers.map(\.description)) == Set(others))
    }

    /// Its chunk may have been sealed since the backup, and be on other servers.
    @Test func anOpenChunkOfABackupIsNeverTakenForEmpty() throws {
        var master = try MasterHarness.withSwiftServers()
        let place = try master.openChunk(of: "a")
        var image = master.image
        let file = try #require(image.files.firstIndex { $0.openChunk != nil })
        image.files[file].chunks[1].version += ChunkRecord.versionsOfOneLife
        master = MasterHarness(policy: .withoutSafeMode, image: image)
        for server in [":1", ":2", ":3"] { try master.join(.swift, server) }
        #expect(try master.renew(place.servers[0], [place.chunk]).answer.leases().granted.isEmpty)
        let raised = place.chunk.raised(by: ChunkRecord.versionsOfOneLife + 1)
        #expect(try master.openAppend("a").effects.fences.count == 2)
        for server in place.servers { _ = master.fenced(raised, server, FenceAnswer(hasChunk: false)) }
        #expect(try master.openAppend("a").answer.code == .unavailable)
        let fences = master.tick(after: .seconds(10)).fences
        #expect(fences.count == 2)
        _ = master.fenced(raised, place.servers[0], FenceAnswer(hasChunk: true, length: 70, isSealed: true))
        #expect(
            master.fenced(raised, place.servers[1], FenceAnswer(hasChunk: false)).sealOrders
                == ["70@\(place.servers[0])"])
    }

    @Test func lateAnswersOfAnOldVersionChangeNothing() throws {
        var master = try MasterHarness.withSwiftServers()
        let place = try master.openChunk(of: "a")
        _ = try master.closeAppend("a")
        for server in place.servers {
            #expect(master.fenced(place.chunk, server, FenceAnswer(hasChunk: true, length: 1)).sealOrders.isEmpty)
        }
        _ = master.sealed(place.chunk, 1, place.servers[0], 1)
        #expect(try master.status("a").length == 1000)
    }

    @Test func aReportOfASealedChunkThatComesBeforeTheAnswerCounts() throws {
        var master = try MasterHarness.withSwiftServers()
        let place = try master.openChunk(of: "a")
        _ = try master.closeAppend("a")
        let raised = place.chunk.raised()
        for server in place.servers { _ = master.fenced(raised, server, FenceAnswer(hasChunk: true, length: 70)) }
        let digest = Digest(length: 70, crc32c: 9)
        let (answer, _) = try master.report(place.servers[1].description, [(place.chunk.chunk, digest)])
        #expect(try answer.unwanted().isEmpty)
        let listed = try master.heartbeat(place.servers[1].description, [place.chunk.chunk])
        #expect(listed.deletions.isEmpty && !listed.contains { if case .log(.orphans) = $0 { true } else { false } })
        let effects = master.sealed(raised, 70, place.servers[0], 9)
        #expect(effects.copies.isEmpty, "the second copy is there")
        _ = master.sealed(raised, 70, place.servers[1], nil)
        #expect(Set(try master.open("a").answer.opened().chunks[1].servers) == Set(place.servers))
    }

    /// A restarted master asks nobody again: it must know from the store who may have the chunk open still.
    @Test func aServerThatIsStillSealingIsNotForgottenByARestart() throws {
        var master = try MasterHarness.withSwiftServers()
        let place = try master.openChunk(of: "a")
        _ = try master.closeAppend("a")
        let raised = place.chunk.raised()
        for server in place.servers { _ = master.fenced(raised, server, FenceAnswer(hasChunk: true, length: 70)) }
        _ = master.sealed(raised, 70, place.servers[0], 9)
        #expect(master.image.files[0].chunks[1].assigned == [place.servers[1]])
        _ = master.sealed(raised, 70, place.servers[1], 9)
        #expect(master.tick(after: .seconds(1)).deletions.isEmpty)
        #expect(master.image.files[0].chunks[1].assigned.isEmpty)
    }

    /// A server whose sync has failed does not seal before it is restarted: nobody can append to the file until then.
    @Test func aServerThatCannotSealIsNotWaitedForWhereAnotherOneHasTheChunk() throws {
        var master = try MasterHarness.withSwiftServers()
        let place = try master.openChunk(of: "a")
        _ = try master.closeAppend("a")
        let (raised, first, second) = (place.chunk.raised(), place.servers[0], place.servers[1])
        for _ in 1...ChunkRecovery.maxFailedSeals {
            _ = master.fenced(raised, first, FenceAnswer(hasChunk: true, length: 70))
            #expect(
                master.fenced(raised, second, FenceAnswer(hasChunk: true, length: 50)).sealOrders == ["70@\(first)"])
            _ = master.sealed(raised, 70, first, nil)
            #expect(master.tick(after: .seconds(5)).fences.count == 2)
        }
        _ = master.fenced(raised, first, FenceAnswer(hasChunk: true, length: 70))
        #expect(
            master.fenced(raised, second, FenceAnswer(hasChunk: true, length: 50)).sealOrders.contains("50@\(second)"))
        _ = master.sealed(raised, 50, second, 9)
        #expect(try master.status("a").length == 1050, "what was acknowledged is on every server")
    }

    /// What they keep of the chunk shows in no list: who is forgotten keeps it for ever.
    @Test func serversOfAnEarlierVersionAreToldOfTheSealByARestartedMasterToo() throws {
        var master = try MasterHarness.withSwiftServers()
        let first = try master.openChunk(of: "a")
        _ = try master.closeAppend("a")
        for server in first.servers {
            _ = master.fenced(first.chunk.raised(), server, FenceAnswer(hasChunk: false))
        }
        #expect(Set(master.image.files[0].chunks[1].former) == Set(first.servers))
        master.restart()
        for server in [":1", ":2", ":3"] { try master.join(.swift, server) }
        let second = try master.openAppend("a", excluding: [first.servers[0].description]).answer.place()
        #expect(second.chunk.chunk == first.chunk.chunk && !second.servers.contains(first.servers[0]))
        master.restart()
        for server in [":1", ":2", ":3"] { try master.join(.swift, server) }
        _ = try master.renew(second.servers[0], [second.chunk]).answer.leases()
        _ = master.renew(second.servers[0], [], ended: [second.chunk])
        let raised = second.chunk.raised()
        for server in second.servers { _ = master.fenced(raised, server, FenceAnswer(hasChunk: true, length: 70)) }
        for server in second.servers { _ = master.sealed(raised, 70, server, 9) }
        #expect(master.image.files[0].chunks[1].assigned.contains(first.servers[0]))
        #expect(master.tick(after: .seconds(1)).deletions == [first.chunk.chunk])
    }
}
