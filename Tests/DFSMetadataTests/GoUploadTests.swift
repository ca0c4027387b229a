import DFSCore
import Testing

@testable import DFSMetadata

/// Uploads of Go clients, which say nothing but AllocateChunk.
@Suite struct GoUploadTests {
    @Test func aFileOnSwiftServersIsCompleteWhenItsConnectionCloses() throws {
        var master = MasterHarness()
        try master.join(.swift, ":1", ":2")
        let (id, servers) = try master.allocate("a", 0).answer.allocation()
        #expect(try master.fileInfo("a").answer.code == .unavailable)
        _ = try master.report(servers[0], [(id, .short)])
        #expect(try master.fileInfo("a").answer.code == .unavailable, "its writer may go on")
        let effects = master.close(1)
        guard case .seal(_, let digests, _) = effects.mutations.first else { throw WrongAnswer() }
        #expect(digests == [.short])
        #expect(try master.fileInfo("a").answer.located().map(\.id) == [id])
    }

    /// Its writer has it acknowledged, so it must not be called missing.
    @Test func aFileThatIsBeingVerifiedIsNotMissingToThoseWhoChangeIt() throws {
        var master = MasterHarness()
        try master.join(.go, ":1", ":2")
        _ = try master.allocate("a", 0).answer.get()
        _ = master.close(1)
        #expect(try master.fileInfo("a").answer.code == .unavailable)
        #expect(try master.remove("a").code == .unavailable)
        #expect(try master.rename("a", "b").code == .unavailable)
        #expect(try master.setReplication("a", 3).answer.code == .unavailable)
        #expect(try master.ask(.status, "a").code == .unavailable)
        #expect(try master.remove("b").code == .notFound)
    }

    @Test func theSecondCopyIsMadeAsSoonAsTheFirstIsWhole() throws {
        var master = MasterHarness()
        try master.join(.swift, ":1", ":2")
        let (id, servers) = try master.allocate("a", 0).answer.allocation()
        #expect(try master.report(servers[0], [(id, .short)]).effects.copies == ["\(id)>\(servers[1])"])
    }

    @Test func theWriterSealsItsFileByAskingForIt() throws {
        var master = MasterHarness()
        try master.join(.swift, ":1", ":2")
        let (id, servers) = try master.allocate("a", 0).answer.allocation()
        _ = try master.report(servers[0], [(id, .short)])
        #expect(try master.fileInfo("a", over: 1).answer.located().count == 1)
    }

    @Test func anUploadToSwiftServersThatBrokeIsAbandonedAtOnce() throws {
        var master = MasterHarness()
        try master.join(.swift, ":1", ":2")
        let (first, servers) = try master.allocate("a", 0).answer.allocation()
        _ = try master.report(servers[0], [(first, .full)])
        _ = try master.allocate("a", 1).answer.get()
        _ = master.close(1)
        #expect(master.image.files.isEmpty)
        #expect(master.image.tombstones.map(\.chunkCount) == [2])
        #expect(try master.fileInfo("a").answer.code == .notFound)
        #expect(try master.allocate("a", 0, over: 2).answer.code == nil, "the name is free")
    }

    /// Its client is told by the server that takes the chunk, which waits for this answer.
    @Test func aChunkThatIsWholeAfterItsFileWasAbandonedIsUnwanted() throws {
        var master = MasterHarness()
        try master.join(.swift, ":1", ":2")
        let (id, servers) = try master.allocate("a", 0).answer.allocation()
        _ = master.close(1)
        #expect(master.image.files.isEmpty)
        #expect(try master.report(servers[0], [(id, .short)]).answer.unwanted() == [id])
    }

    @Test func aChunkThatASwiftServerListsIsWaitedForUntilItIsReported() throws {
        var master = MasterHarness()
        try master.join(.swift, ":1", ":2")
        let (id, servers) = try master.allocate("a", 0).answer.allocation()
        _ = try master.heartbeat(servers[0], [id])
        _ = master.close(1)
        for _ in 0..<20 {
            _ = master.tick(after: .seconds(5))
            _ = try master.beat([servers[0]: [id], servers[1]: []])
        }
        #expect(try master.fileInfo("a").answer.code == .unavailable)
        _ = try master.report(servers[0], [(id, .short)])
        #expect(try master.fileInfo("a").answer.located().map(\.id) == [id])
    }

    @Test func aChunkIsNeverAllocatedTwiceAndNeverOutOfOrder() throws {
        var master = MasterHarness()
        try master.join(.swift, ":1", ":2")
        _ = try master.allocate("a", 0).answer.get()
        #expect(try master.allocate("a", 0).answer.code == .alreadyExists)
        #expect(try master.allocate("a", 2).answer.code == .alreadyExists)
        #expect(try master.allocate("a", 0, over: 2).answer.code == .alreadyExists)
        #expect(try master.allocate("a", 1, over: 2).answer.code == .alreadyExists)
        #expect(try master.allocate("b", 1).answer.code == .failedPrecondition)
        #expect(try master.create("a", over: 2).answer.code == .alreadyExists)
    }

    @Test func aShortLastChunkOnGoServersIsAcceptedAfterTwoEqualReads() throws {
        var master = MasterHarness()
        try master.join(.go, ":1", ":2")
        let (id, servers) = try master.allocate("a", 0).answer.allocation()
        #expect(master.close(1).reads.sorted() == servers.map { "\(id)@\($0)" }.sorted())
        _ = try master.readBack(id, servers[0], .read(.short))
        _ = try master.readBack(id, servers[1], .absent)
        #expect(try master.fileInfo("a").answer.code == .unavailable)
        #expect(master.tick(after: .seconds(9)).reads.isEmpty)
        _ = try master.beat([":1": [], ":2": []])
        #expect(master.tick(after: .seconds(2)).reads.count == 2)
        _ = try master.readBack(id, servers[0], .read(.short))
        #expect(try master.fileInfo("a").answer.code == .unavailable, "the other server has not been asked twice")
        let effects = try master.readBack(id, servers[1], .absent)
        #expect(effects.copies == ["\(id)>\(servers[1])"])
        #expect(try master.fileInfo("a").answer.located()[0].servers.map(\.description) == [servers[0]])
    }

    @Test func ofTwoShortCopiesTheLongerIsTheFile() throws {
        var master = MasterHarness()
        try master.join(.go, ":1", ":2")
        let (id, servers) = try master.allocate("a", 0).answer.allocation()
        _ = master.close(1)
        for pause in [Duration.zero, .seconds(11)] {
            _ = master.tick(after: pause)
            _ = try master.readBack(id, servers[0], .read(.torn))
            _ = try master.readBack(id, servers[1], .read(.short))
        }
        let chunks = try master.fileInfo("a").answer.located()
        #expect(chunks[0].digest == .short)
        #expect(chunks[0].servers.map(\.description) == [servers[1]])
    }

    @Test func aChunkThatIsStillGrowingIsNotAccepted() throws {
        var master = MasterHarness()
        try master.join(.go, ":1", ":2")
        let (id, servers) = try master.allocate("a", 0).answer.allocation()
        _ = master.close(1)
        _ = try master.readBack(id, servers[0], .read(.torn))
        _ = try master.readBack(id, servers[1], .absent)
        _ = master.tick(after: .seconds(11))
        _ = try master.readBack(id, servers[0], .read(.short))
        _ = try master.readBack(id, servers[1], .absent)
        #expect(try master.fileInfo("a").answer.code == .unavailable)
    }

    @Test func aFullChunkProvesItselfAsSoonAsItsWriterGoesOn() throws {
        var master = MasterHarness()
        try master.join(.go, ":1", ":2")
        let (first, servers) = try master.allocate("a", 0).answer.allocation()
        let (second, effects) = try master.allocate("a", 1)
        _ = try second.get()
        #expect(effects.reads.contains("\(first)@\(servers[0])"))
        #expect(try master.readBack(first, servers[0], .read(.full)).copies == ["\(first)>\(servers[1])"])
    }

    @Test func anUploadOfWhichNothingReachedAServerIsAbandoned() throws {
        var master = MasterHarness()
        try master.join(.go, ":1", ":2")
        let (id, servers) = try master.allocate("a", 0).answer.allocation()
        _ = master.close(1)
        for pause in [Duration.zero, .seconds(11)] {
            _ = master.tick(after: pause)
            for server in servers { _ = try master.readBack(id, server, .absent) }
        }
        #expect(try master.fileInfo("a").answer.code == .notFound)
        #expect(master.image.files.isEmpty)
    }

    /// It says that it has no such chunk, and lists it all the same.
    @Test func aChunkThatIsListedIsNotAbandoned() throws {
        var master = MasterHarness()
        try master.join(.go, ":1", ":2")
        let (id, servers) = try master.allocate("a", 0).answer.allocation()
        _ = try master.heartbeat(servers[0], [id])
        _ = master.close(1)
        for _ in 0..<4 {
            _ = master.tick(after: .seconds(11))
            _ = try master.beat([servers[0]: [id], servers[1]: []])
            for server in servers { _ = try master.readBack(id, server, .absent) }
        }
        #expect(try master.fileInfo("a").answer.code == .unavailable)
        for _ in 0..<4 {
            _ = master.tick(after: .seconds(11))
            _ = try master.beat([servers[0]: [], servers[1]: []])
            for server in servers { _ = try master.readBack(id, server, .absent) }
        }
        #expect(try master.fileInfo("a").answer.code == .notFound)
    }

    /// Nobody knows yet what it is: a Go server tells nothing of what it has taken.
    @Test func aGoServerInThePlaceOfASwiftOneIsWaitedFor() throws {
        var master = MasterHarness()
        try master.join(.swift, ":1", ":2")
        let (id, servers) = try master.allocate("a", 0).answer.allocation()
        _ = try master.heartbeat(servers[0], life: 1)
        _ = master.close(1)
        #expect(try master.fileInfo("a").answer.code == .unavailable)
        _ = try master.described(servers[0], .go)
        for _ in 0..<3 {
            _ = try master.readBack(id, servers[0], .read(.short))
            _ = master.tick(after: .seconds(11))
            _ = try master.heartbeat(servers[0], life: 1, [id])
            _ = try master.heartbeat(servers[1])
        }
        #expect(try master.fileInfo("a").answer.located().map(\.digest) == [.short])
    }

    /// It must neither be believed nor counted: two of them are more than a length can be.
    @Test func aReportOfMoreThanAChunkHoldsIsRefused() throws {
        var master = MasterHarness()
        try master.join(.swift, ":1", ":2")
        var effects: [Effect] = []
        for index in 0..<2 {
            let (id, servers) = try master.allocate("a", index).answer.allocation()
            let report = try master.report(servers[0], [(id, Digest(length: .max, crc32c: 1))])
            #expect(try report.answer.unwanted() == [id])
            effects += report.effects
        }
        effects += master.close(1)
        #expect(!effects.mutations.contains { if case .seal = $0 { true } else { false } })
    }

    /// A chunk that is gone may have left its place in the tables to another one, which is being read there, too.
    @Test func theResultOfAReadIsOfNoOtherChunk() throws {
        var master = MasterHarness(policy: .withoutSafeMode)
        try master.join(.go, ":1", ":2", ":3")
        let (gone, held) = try master.putFile("gone", .full)
        let other = try #require([":1", ":2", ":3"].first { !held.contains($0) })
        #expect(try master.heartbeat(other, free: 20_000, [gone]).reads == ["\(gone)@\(other)"])
        for _ in 0..<4 {
            master.pass(.seconds(10))
            for server in held { _ = try master.heartbeat(server, [gone]) }
            _ = try master.heartbeat(other, free: 20_000, [gone])
        }
        #expect(try master.remove("gone").code == nil)
        #expect(master.emptyTrash().code == nil)
        _ = master.tick()
        #expect(master.image.files.isEmpty)
        let (id, servers) = try master.allocate("next", 0).answer.allocation()
        #expect(servers.contains(other))
        _ = try master.heartbeat(other, free: 20_000, [id])
        #expect(try master.allocate("next", 1).effects.reads.contains("\(id)@\(other)"))
        _ = try master.readBack(gone, other, .read(.full))
        let handle = try #require(master.state.chunk(named: id))
        #expect(master.state.chunks[handle].digest == nil)
        _ = try master.readBack(id, other, .read(Digest(length: 64 << 20, crc32c: 99)))
        #expect(master.state.chunks[handle].digest?.crc32c == 99)
    }

    @Test func aConnectionHasABoundedNumberOfUploads() throws {
        var policy = ClusterPolicy.withoutSafeMode
        policy.maxUploadsPerConnection = 3
        var master = MasterHarness(policy: policy)
        try master.join(.go, ":1", ":2")
        for number in 0..<3 { _ = try master.allocate("a\(number)", 0).answer.get() }
        #expect(try master.allocate("a3", 0).answer.code == .resourceExhausted)
        #expect(try master.allocate("a2", 1).answer.code == nil, "what was begun goes on")
        #expect(try master.allocate("a3", 0, over: 2).answer.code == nil)
    }
}
