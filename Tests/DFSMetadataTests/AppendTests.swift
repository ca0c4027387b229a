import DFSCore
import Testing

@testable import DFSMetadata

/// Open chunks: who may append, who orders the records, and how a chunk comes to its end.
@Suite struct AppendTests {
    private func cluster(_ servers: [String] = [":1", ":2", ":3"]) throws -> MasterHarness {
        var master = MasterHarness(policy: .withoutSafeMode)
        for server in servers { try master.join(.swift, server) }
        return master
    }

    @Test func recordsGoToAnOpenChunkBehindTheFileAndItsDigestFollowsTheSeal() throws {
        var master = try cluster()
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
        #expect(closing.mutations.first == .raiseVersion(try fileID(master, "a"), index: 1, version: 2))
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
        var master = try cluster()
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

    private func fileID(_ master: MasterHarness, _ name: String) throws -> FileID {
        guard case .file(let id) = master.state.namespace.node(at: try FileName(name)) else { throw WrongAnswer() }
        return id
    }

    @Test func theVersionIsDurableBeforeAnyServerIsFenced() throws {
        var master = try cluster()
        let place = try master.openChunk(of: "a")
        let effects = try master.closeAppend("a")
        let first = effects.firstIndex { if case .fence = $0 { true } else { false } }
        let raise = effects.firstIndex { if case .persist(.raiseVersion) = $0 { true } else { false } }
        #expect(try #require(raise) < (try #require(first)))
        #expect(master.image.files[0].chunks.last?.version == place.chunk.version + 1)
    }

    @Test func onlyThePrimaryOfTheNewestVersionGetsALease() throws {
        var master = try cluster()
        let place = try master.openChunk(of: "a")
        let other = master.renew(place.servers[1], [place.chunk]).answer
        #expect(try other.leases().refused == [place.chunk.chunk])
        _ = try master.closeAppend("a")
        for known in [place.chunk, place.chunk.raised()] {
            #expect(try master.renew(place.servers[0], [known]).answer.leases().granted.isEmpty)
        }
    }

    @Test func aPrimaryThatDoesNotRenewIsFencedOnlyAfterItsLeaseAndATenthMore() throws {
        var master = try cluster()
        let place = try master.openChunk(of: "a")
        #expect(master.tick(after: .seconds(10)).fences.isEmpty)
        #expect(master.renew(place.servers[0], [place.chunk]).answer.code == nil)
        #expect(master.tick(after: .milliseconds(10_900)).fences.isEmpty)
        #expect(master.tick(after: .milliseconds(200)).fences.count == 2)
    }

    @Test func afterARestartThePrimaryHasALeaseOfTimeToRenew() throws {
        var master = try cluster()
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
        var master = try cluster()
        let place = try master.openChunk(of: "a")
        _ = try master.closeAppend("a")
        master.restart()
        for server in [":1", ":2", ":3"] { try master.join(.swift, server) }
        let (answer, effects) = try master.openAppend("a")
        #expect(answer.code == .unavailable)
        #expect(effects.fences == place.servers.map { "3@\($0)" })
    }

    @Test func afterARestartWritersGoOnWithAPrimaryThatHasAskedAgain() throws {
        var master = try cluster()
        let place = try master.openChunk(of: "a")
        master.restart()
        for server in [":1", ":2", ":3"] { try master.join(.swift, server) }
        #expect(try master.renew(place.servers[0], [place.chunk]).answer.leases().granted.count == 1)
        #expect(try master.openAppend("a").answer.place().chunk == place.chunk)
    }

    @Test func oneAnswerIsEnoughAndNoneIsWaitedFor() throws {
        var master = try cluster()
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
        var master = try cluster()
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
        var master = try cluster()
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
        var master = try cluster()
        let place = try master.openChunk(of: "a")
        let (here, gone) = (place.servers[0], place.servers[1])
        let others = [":1", ":2", ":3"].filter { $0 != gone.description }
        let first = try #require(master.state.namespace.chunkIDs(of: fileID(master, "a"))?[0])
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
        var master = try cluster()
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

    @Test func lateAnswersOfAnOldVersionChangeNothing() throws {
        var master = try cluster()
        let place = try master.openChunk(of: "a")
        _ = try master.closeAppend("a")
        for server in place.servers {
            #expect(master.fenced(place.chunk, server, FenceAnswer(hasChunk: true, length: 1)).sealOrders.isEmpty)
        }
        _ = master.sealed(place.chunk, 1, place.servers[0], 1)
        #expect(try master.status("a").length == 1000)
    }

    @Test func aReportOfASealedChunkThatComesBeforeTheAnswerCounts() throws {
        var master = try cluster()
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

    @Test func whatWasNotSealedIsDeletedOnlyOnceEnoughCopiesAreComplete() throws {
        var master = try cluster()
        let place = try master.openChunk(of: "a")
        _ = try master.closeAppend("a")
        let (raised, id) = (place.chunk.raised(), place.chunk.chunk)
        _ = master.fenced(raised, place.servers[0], FenceAnswer(hasChunk: true, length: 70))
        _ = master.fenced(raised, place.servers[1], nil)
        let copy = try #require(master.sealed(raised, 70, place.servers[0], 9).copies.first)
        #expect(!master.tick(after: .seconds(1)).deletions.contains(id))
        #expect(master.image.files[0].chunks[1].assigned == [place.servers[1]], "a restart does not forget it")
        let target = String(copy.split(separator: ">")[1])
        guard target != place.servers[1].description else {
            // The copy takes the stale one's place.
            _ = try master.report(target, [(id, Digest(length: 70, crc32c: 9))])
            #expect(!master.tick(after: .seconds(1)).deletions.contains(id))
            return
        }
        _ = try master.report(target, [(id, Digest(length: 70, crc32c: 9))])
        #expect(master.tick(after: .seconds(1)).deletions == [id])
        #expect(master.tick(after: .seconds(1)).deletions.isEmpty)
        #expect(master.image.files[0].chunks[1].assigned == [place.servers[1]], "the order may be lost with its stream")
        for _ in 0..<7 {
            master.pass(.seconds(10))
            for server in [":1", ":2", ":3"] {
                _ = try master.heartbeat(server, server == place.servers[1].description ? [] : [id])
            }
        }
        #expect(master.tick(after: .seconds(1)).deletions.isEmpty)
        #expect(master.image.files[0].chunks[1].assigned.isEmpty)
    }

    /// The order meant what was there before: it may meet the copy that has taken its place.
    @Test func aCopyDoesNotCountWhileAnOrderToDeleteItsStaleReplicaIsOnItsWay() throws {
        var (master, id, _, stale) = try sealedBesideAStaleReplica()
        let digest = Digest(length: 70, crc32c: 9)
        // It has sealed the chunk after all.
        let late = try master.report(stale, [(id, digest)]).effects
        let chunk = try #require(master.state.chunk(named: id))
        #expect(master.state.countCopies(of: chunk).sure == 2)
        #expect(late.reads.isEmpty && late.deletions.isEmpty)
        var effects = master.tick(after: .seconds(1))
        #expect(master.state.countCopies(of: chunk).sure == 2)
        // A minute later it is still there.
        for _ in 0..<7 {
            master.pass(.seconds(10))
            for server in [":1", ":2", ":3"] { effects += try master.heartbeat(server, [id]) }
            effects += master.tick()
        }
        #expect(master.state.countCopies(of: chunk).sure == 3)
        #expect(effects.reads.count == 2, "now one is too many")
    }

    @Test(arguments: [false, true]) func aStaleReplicaGoesWithItsFile(_ hasLostTheOrder: Bool) throws {
        var (master, id, _, stale) = try sealedBesideAStaleReplica()
        // By another stream it is not known to have come.
        if hasLostTheOrder { _ = try master.heartbeat(stale, life: 1) }
        #expect(try master.remove("a").code == nil)
        #expect(master.emptyTrash().code == nil)
        var effects: [Effect] = []
        for _ in 0..<70 {
            for server in [":1", ":2", ":3"] {
                effects += try master.heartbeat(server, life: server == stale && hasLostTheOrder ? 1 : 0)
            }
            effects += master.tick(after: .seconds(1))
        }
        let orders = effects.filter { effect in
            if case .log(.deletionOrdered(id, let server)) = effect { server.description == stale } else { false }
        }
        #expect(!orders.isEmpty)
        #expect(master.state.staleReplicas.isEmpty && master.state.staleOrders.isEmpty)
    }

    /// A chunk of 70 bytes that was sealed on the first server, and has come to a third; the second, where it was open too, has just
    /// been told to delete what it has.
    private func sealedBesideAStaleReplica() throws -> (MasterHarness, id: ChunkID, first: String, stale: String) {
        var master = try cluster()
        let place = try master.openChunk(of: "a")
        _ = try master.closeAppend("a")
        let (raised, id) = (place.chunk.raised(), place.chunk.chunk)
        let (first, stale) = (place.servers[0].description, place.servers[1].description)
        let third = try #require([":1", ":2", ":3"].first { ![first, stale].contains($0) })
        let digest = Digest(length: 70, crc32c: 9)
        _ = master.fenced(raised, place.servers[0], FenceAnswer(hasChunk: true, length: 70))
        _ = master.fenced(raised, place.servers[1], nil)
        _ = master.sealed(raised, 70, place.servers[0], 9)
        _ = try master.report(third, [(id, digest)])
        #expect(master.tick(after: .seconds(1)).deletions == [id])
        return (master, id, first, stale)
    }

    /// Also where there is no other server to make up for it meanwhile.
    @Test func aCopyThatOutlivesTheOrderForAStaleReplicaCountsAgain() throws {
        var (master, id, first, stale) = try sealedBesideAStaleReplica()
        let digest = Digest(length: 70, crc32c: 9)
        _ = try master.report(stale, [(id, digest)])
        // The third one dies: of two copies one may still be deleted.
        let chunk = try #require(master.state.chunk(named: id))
        for _ in 0..<10 {
            master.pass(.seconds(10))
            for server in [first, stale] { _ = try master.heartbeat(server, [id]) }
            _ = master.tick()
        }
        #expect(master.state.countCopies(of: chunk).sure == 2)
        #expect(try master.summary().underChunks == 0)
    }

    /// What is to be rid of its stale replica takes a copy once no order can meet that, however few copies there are by then.
    @Test(arguments: [false, true])
    func aChunkThatLacksACopyGetsOneWhereAStaleReplicaWasDeleted(_ losesStream: Bool) throws {
        var (master, id, first, stale) = try sealedBesideAStaleReplica()
        // The third one dies before the order is known to have been carried out.
        var effects: [Effect] = []
        for round in 0..<12 {
            master.pass(.seconds(10))
            effects += try master.heartbeat(first, [id])
            effects += try master.heartbeat(stale, life: losesStream && round > 3 ? 1 : 0)
            effects += master.tick()
        }
        #expect(effects.copies.contains("\(id)>\(stale)"))
    }

    /// A restarted master asks nobody again: it must know from the store who may have the chunk open still.
    @Test func aServerThatIsStillSealingIsNotForgottenByARestart() throws {
        var master = try cluster()
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

    /// Lists do not show open chunks: only the stream can tell whether the order has arrived.
    @Test func anOrderToDeleteAStaleReplicaThatWasLostWithItsStreamIsGivenAgain() throws {
        var master = try cluster()
        let place = try master.openChunk(of: "a")
        _ = try master.closeAppend("a")
        let (raised, id, stale) = (place.chunk.raised(), place.chunk.chunk, place.servers[1].description)
        _ = master.fenced(raised, place.servers[0], FenceAnswer(hasChunk: true, length: 70))
        _ = master.fenced(raised, place.servers[1], nil)
        _ = master.sealed(raised, 70, place.servers[0], 9)
        let third = try #require([":1", ":2", ":3"].first { !place.servers.map(\.description).contains($0) })
        let ordered = try master.report(third, [(id, Digest(length: 70, crc32c: 9))]).effects
        #expect((ordered + master.tick(after: .seconds(1))).deletions == [id])
        // The server comes back over another stream, and its list says nothing of open chunks.
        let back = try master.heartbeat(stale, life: 1)
        #expect((back + master.tick(after: .seconds(1))).deletions == [id])
    }

    /// A server whose sync has failed does not seal before it is restarted: nobody can append to the file until then.
    @Test func aServerThatCannotSealIsNotWaitedForWhereAnotherOneHasTheChunk() throws {
        var master = try cluster()
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

    /// The copy may never come, and then what was there before it is there still.
    @Test func aCopyThatIsOnItsWayToAStaleReplicaHasNotTakenItsPlaceYet() throws {
        var master = try cluster([":1", ":2"])
        let place = try master.openChunk(of: "a")
        _ = try master.closeAppend("a")
        let (raised, id, stale) = (place.chunk.raised(), place.chunk.chunk, place.servers[1].description)
        _ = master.fenced(raised, place.servers[0], FenceAnswer(hasChunk: true, length: 70))
        _ = master.fenced(raised, place.servers[1], nil)
        let sealing = master.sealed(raised, 70, place.servers[0], 9)
        #expect((sealing + master.tick(after: .seconds(1))).copies == ["\(id)>\(stale)"])
        try master.join(.swift, ":3")
        _ = try master.report(":3", [(id, Digest(length: 70, crc32c: 9))])
        #expect(master.tick(after: .seconds(1)).deletions.isEmpty)
        var deletions: [ChunkID] = []
        for _ in 0..<8 where deletions.isEmpty {
            master.pass(.seconds(10))
            for server in [place.servers[0].description, ":3", stale] {
                deletions += try master.heartbeat(server, server == stale ? [] : [id]).deletions
            }
            deletions += master.tick(after: .seconds(1)).deletions
        }
        #expect(deletions == [id])
    }

    /// What they keep of the chunk shows in no list: who is forgotten keeps it for ever.
    @Test func serversOfAnEarlierVersionAreToldOfTheSealByARestartedMasterToo() throws {
        var master = try cluster()
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

    @Test func oneWhoIsAloneIsAloneUntilItsClaimIsOld() throws {
        var master = try cluster()
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
        var master = try cluster()
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
        var master = try cluster()
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
        var master = try cluster()
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
        var master = try cluster()
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
        var master = try cluster()
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
