import DFSCore
import Testing

@testable import DFSMetadata

/// Open chunks: who may append, and who orders the records.
@Suite struct AppendTests {
    @Test func recordsGoToAnOpenChunkBehindTheFileAndItsDigestFollowsTheSeal() throws {
        var master = try MasterHarness.withSwiftServers()
        let place = try master.openChunk(of: "a")
        #expect(place.start == 1000 && place.servers.count == 2 && place.chunk.version == 1)
        #expect(place.chunk.chunk.index == 1)
        let reading = try master.open("a").answer.opened()
        #expect(reading.length == 1000 && reading.chunks.count == 2)
        #expect(reading.chunks[1].digest == nil && reading.chunks[1].servers == [place.servers[0]])

        let asGo = try master.fileInfo("a").answer.located()
        #expect(asGo.map(\.servers).last == [place.servers[0]], "Go clients read it where it is open, too")

        let closing = try master.closeAppend("a")
        #expect(closing.fences == place.servers.map { "2@\($0)" })
        #expect(closing.mutations.first == .raiseVersion(try master.fileID("a"), index: 1, version: 2))
        #expect(try master.open("a").answer.code == .unavailable)
        let raised = place.chunk.raised()
        #expect(master.fenced(raised, place.servers[0], FenceAnswer(hasChunk: true, length: 70)).sealOrders.isEmpty)
        let sealing = master.fenced(raised, place.servers[1], FenceAnswer(hasChunk: true, length: 50))
        #expect(sealing.sealOrders == ["70@\(place.servers[0])"], "the shorter one is stale")
        _ = master.sealed(raised, 70, place.servers[0], 9)
        let file = try master.open("a").answer.opened()
        #expect(file.length == 1070 && file.chunks[1].digest == Digest(length: 70, crc32c: 9))
        #expect(file.chunks[1].servers == [place.servers[0]])
        #expect(try master.status("a").length == 1070)
        #expect(try master.status("a").crc32c == CRC32C.combined(8, 9, secondByteCount: 70))
        master.restart()
        for server in [":1", ":2", ":3"] { try master.join(.swift, server) }
        #expect(try master.status("a").length == 1070)
    }

    @Test func fileIsMarkedAsLongAsItHasAnOpenChunk() throws {
        var master = try MasterHarness.withSwiftServers()
        _ = try master.putFile("b")
        #expect(try !master.status("b").isAppended)
        let place = try master.openChunk(of: "a")
        func marks() throws -> [Bool] {
            guard case .listed(let nodes, _) = try master.ask({ .list(nil, after: nil, limit: 0, $0) }).answer.get()
            else {
                throw WrongAnswer()
            }
            let checked = try master.check("a").files.map(\.isAppended)
            return nodes.map(\.isAppended) + checked + [try master.status("a").isAppended]
        }
        #expect(try marks() == [true, false, true, true])
        // It takes no more records, and its bytes are not counted yet.
        _ = try master.closeAppend("a")
        #expect(try marks() == [true, false, true, true])
        let raised = place.chunk.raised()
        for server in place.servers { _ = master.fenced(raised, server, FenceAnswer(hasChunk: true, length: 70)) }
        _ = master.sealed(raised, 70, place.servers[0], 9)
        #expect(try marks() == [false, false, false, false])
    }

    @Test func theVersionIsDurableBeforeAnyServerIsFenced() throws {
        var master = try MasterHarness.withSwiftServers()
        let place = try master.openChunk(of: "a")
        let effects = try master.closeAppend("a")
        let first = effects.firstIndex { if case .fence = $0 { true } else { false } }
        let raise = effects.firstIndex { if case .persist(.raiseVersion) = $0 { true } else { false } }
        #expect(try #require(raise) < (try #require(first)))
        #expect(master.image.files[0].chunks.last?.version == place.chunk.version + 1)
    }

    @Test func onlyThePrimaryOfTheNewestVersionGetsALease() throws {
        var master = try MasterHarness.withSwiftServers()
        let place = try master.openChunk(of: "a")
        let other = master.renew(place.servers[1], [place.chunk]).answer
        #expect(try other.leases().refused == [place.chunk.chunk])
        _ = try master.closeAppend("a")
        for known in [place.chunk, place.chunk.raised()] {
            #expect(try master.renew(place.servers[0], [known]).answer.leases().granted.isEmpty)
        }
    }

    @Test func aPrimaryThatDoesNotRenewIsFencedOnlyAfterItsLeaseAndATenthMore() throws {
        var master = try MasterHarness.withSwiftServers()
        let place = try master.openChunk(of: "a")
        #expect(master.tick(after: .seconds(10)).fences.isEmpty)
        #expect(master.renew(place.servers[0], [place.chunk]).answer.code == nil)
        #expect(master.tick(after: .milliseconds(10_900)).fences.isEmpty)
        #expect(master.tick(after: .milliseconds(200)).fences.count == 2)
    }

    @Test func afterARestartThePrimaryHasALeaseOfTimeToRenew() throws {
        var master = try MasterHarness.withSwiftServers()
        let place = try master.openChunk(of: "a")
        master.restart()
        #expect(master.tick(after: .seconds(10)).fences.isEmpty)
        #expect(try master.renew(place.servers[0], [place.chunk]).answer.leases().granted.count == 1)
        master.restart()
        #expect(master.tick(after: .seconds(12)).fences == place.servers.map { "2@\($0)" })
        // One that had been fenced before the crash is fenced anew, for a version that nobody has seen.
        master.restart()
        #expect(try master.renew(place.servers[0], [place.chunk]).answer.leases().granted.isEmpty)
        #expect(master.tick(after: .seconds(12)).fences == place.servers.map { "3@\($0)" })
    }

    /// An order to seal under the raised version may still be on its way when the master is back.
    @Test func aVersionThatWasRaisedBeforeARestartIsNeverAppendedUnder() throws {
        var master = try MasterHarness.withSwiftServers()
        let place = try master.openChunk(of: "a")
        _ = try master.closeAppend("a")
        master.restart()
        for server in [":1", ":2", ":3"] { try master.join(.swift, server) }
        let (answer, effects) = try master.openAppend("a")
        #expect(answer.code == .unavailable)
        #expect(effects.fences == place.servers.map { "3@\($0)" })
    }

    @Test func afterARestartWritersGoOnWithAPrimaryThatHasAskedAgain() throws {
        var master = try MasterHarness.withSwiftServers()
        let place = try master.openChunk(of: "a")
        master.restart()
        for server in [":1", ":2", ":3"] { try master.join(.swift, server) }
        #expect(try master.renew(place.servers[0], [place.chunk]).answer.leases().granted.count == 1)
        #expect(try master.openAppend("a").answer.place().chunk == place.chunk)
    }

    @Test func tooFewSwiftServersAreCalledThat() throws {
        var master = MasterHarness(policy: .withoutSafeMode)
        try master.join(.swift, ":1")
        try master.join(.go, ":2", ":3")
        _ = master.tick(after: .seconds(20))
        try master.join(.swift, ":1")
        try master.join(.go, ":2", ":3")
        _ = master.tick(after: .seconds(20))
        try master.join(.swift, ":1")
        try master.join(.go, ":2", ":3")
        _ = try master.putFile("a")
        let refusal = try master.openAppend("a").answer
        #expect(refusal.code == .resourceExhausted)
        #expect(refusal.message?.contains("2 are needed, 1 are connected, beside 2 Go servers") == true)
    }

    @Test func oneWhoIsAloneIsAloneUntilItsClaimIsOld() throws {
        var master = try MasterHarness.withSwiftServers()
        _ = try master.putFile("a")
        let first = try master.openAppend("a", "w1").answer.place()
        #expect(try master.openAppend("a", "w2").answer.place() == first)
        #expect(try master.openAppend("a", "w3", alone: true).answer.code == .alreadyExists)
        _ = try master.closeAppend("a", "w1")
        #expect(master.state.appends.values.first?.chunk?.isOpen == true, "another writer is left")
        #expect(try master.closeAppend("a", "w2").fences.count == 2)
        for server in first.servers { _ = master.fenced(first.chunk.raised(), server, FenceAnswer(hasChunk: false)) }
        let alone = try master.openAppend("a", "w3", alone: true).answer.place()
        #expect(try master.openAppend("a", "w4").answer.code == .alreadyExists)
        master.pass(.seconds(61))
        for server in [":1", ":2", ":3"] { try master.join(.swift, server) }
        let taken = try master.openAppend("a", "w4")
        #expect(taken.answer.code == .unavailable && taken.effects.fences.count == 2, "its records must not mix")
        #expect(alone.start == 1000)
    }

    @Test func aClaimOfAWriterThatIsGoneEndsByItself() throws {
        var master = try MasterHarness.withSwiftServers()
        let place = try master.openChunk(of: "a")
        var effects: [Effect] = []
        for _ in 0..<250 where effects.fences.isEmpty {
            _ = master.renew(place.servers[0], [place.chunk])
            effects = master.tick(after: .seconds(5))
        }
        #expect(effects.fences.count == 2)
        #expect(master.now.nanoseconds / 1_000_000_000 >= 20 * 60)
    }

    @Test func whatCannotBeAppendedToIsSaidSo() throws {
        var master = try MasterHarness.withSwiftServers()
        try master.join(.go, ":4")
        #expect(try master.openAppend("a").answer.code == .notFound)
        try master.makeFolder("f")
        #expect(try master.openAppend("f").answer.code == .failedPrecondition)
        _ = try master.allocate("go", 0, over: 9)
        #expect(try master.openAppend("go").answer.code == .failedPrecondition)
        _ = try master.putFile("b")
        #expect(try master.openAppend("b", "").answer.code == .invalidArgument)
        for _ in 0..<10 {
            let place = try master.openAppend("b").answer.place()
            #expect(!place.servers.map(\.description).contains(":4"), "Go servers hold no open chunks")
        }
    }

    @Test func aFileThatIsMovedOrRemovedKeepsWhatWasAppended() throws {
        var master = try MasterHarness.withSwiftServers()
        let place = try master.openChunk(of: "a")
        #expect(try master.rename("a", "b").code == nil)
        #expect(try master.openAppend("b").answer.place() == place)
        #expect(try master.remove("b").code == nil)
        #expect(master.tick(after: .seconds(1)).fences.count == 2, "it is sealed in the trash")
        let raised = place.chunk.raised()
        for server in place.servers { _ = master.fenced(raised, server, FenceAnswer(hasChunk: true, length: 70)) }
        for server in place.servers { _ = master.sealed(raised, 70, server, 9) }
        #expect(try master.restore(try master.trash()[0].id).code == nil)
        #expect(try master.status("b").length == 1070)
    }

    @Test func aFileThatIsPurgedCondemnsItsOpenChunk() throws {
        var master = try MasterHarness.withSwiftServers()
        let place = try master.openChunk(of: "a")
        #expect(try master.remove("a").code == nil)
        _ = master.ask { .emptyTrash(nil, request: "", $0) }
        master.pass(.seconds(31))
        for server in [":1", ":2", ":3"] { try master.join(.swift, server) }
        let effects = master.tick()
        #expect(effects.deletions.contains(place.chunk.chunk))
        #expect(master.image.files.isEmpty && master.image.tombstones[0].chunkCount == 2)
        #expect(try master.renew(place.servers[0], [place.chunk]).answer.leases().refused == [place.chunk.chunk])
        #expect(master.fenced(place.chunk.raised(), place.servers[0], nil).fences.isEmpty)
    }

    @Test func anOpenChunkIsNeitherMissingNorCopied() throws {
        var master = try MasterHarness.withSwiftServers()
        let place = try master.openChunk(of: "a")
        #expect(master.tick(after: .seconds(1)).copies.isEmpty)
        guard case .checked(let page) = try master.ask({ .checkFiles(CheckRequest(path: nil), $0) }).answer.get() else {
            throw WrongAnswer()
        }
        #expect(page.files[0].missingChunks == 0 && page.files[0].chunkCount == 1)
        _ = try master.setReplication("a", 3)
        #expect(try master.openAppend("a").answer.place() == place)
    }
}
