import DFSCore
import Testing

@testable import DFSMetadata

/// Sessions of servers that tell differences: nothing is forgotten by what is lost, and absence is as slow as with lists.
@Suite struct InventoryTests {
    /// Two servers that tell differences, each with the chunks of `files`.
    private struct Scene {
        var master: MasterHarness
        var sessions: [String: ToldInventory] = [:]
        var held: [String: [ChunkID: Digest?]] = [:]
        var ids: [ChunkID] = []

        init(files: Int, policy: ClusterPolicy = ClusterPolicy()) throws {
            master = MasterHarness(policy: policy)
            for server in [":1", ":2"] {
                sessions[server] = ToldInventory(try ServerAddress(server))
                held[server] = [:]
                _ = report(server)
            }
            for number in 0..<files {
                let (id, servers) = try master.putFile("file\(number)")
                ids.append(id)
                for server in servers { held[server]?[id] = .some(.short) }
            }
            for server in [":1", ":2"] { _ = beat(server) }
        }

        mutating func report(_ server: String, pageCount: Int = 2000) -> [Effect] {
            let parts = sessions[server]!.fullReport(held[server]!, pageCount: pageCount)
            return master.take(parts, on: sessions[server]!.stream)
        }

        mutating func beat(_ server: String) -> [Effect] {
            let difference = sessions[server]!.difference(held[server]!)
            return master.take([difference], on: sessions[server]!.stream)
        }

        /// Replicas that the server has told of and that are not given up.
        func known(_ address: String) throws -> Int {
            let server = try server(address)
            return server.chunks.count - server.assignedCount
        }

        mutating func remove(_ file: String) throws {
            let request = RemovalRequest(path: try FileName(file))
            _ = try master.ask { .remove(request, $0) }.answer.get()
        }

        /// The server's process or connection is another one.
        mutating func reconnect(_ server: String) {
            let session = sessions[server]!
            sessions[server] = ToldInventory(session.address, life: session.life + 1)
        }

        func server(_ address: String) throws -> Server {
            let handle = try #require(master.state.servers.handle(of: ServerAddress(address)))
            return master.state.servers[handle]
        }

        mutating func servers(of file: String) throws -> [String] {
            try master.open(file).answer.opened().chunks[0].servers.map(\.description).sorted()
        }
    }

    /// A call that comes late tells of damage that a good copy has taken the place of: what the server has of the chunk it has told
    /// before, and does not tell again.
    @Test func aCopyThatWasTakenForDamagedByALateReportIsReadAndCountsAgain() throws {
        var scene = try Scene(files: 1)
        let (id, one, two) = (scene.ids[0], try ServerAddress(":1"), try ServerAddress(":2"))
        // Nobody can make a copy in its place.
        _ = scene.master.step(.heartbeatStreamEnded(two, MasterHarness.stream(of: two, life: 0)))
        _ = try scene.master.report(":1", [], damaged: [id])
        #expect(try scene.known(":1") == 0)
        let reads = scene.beat(":1").reads
        #expect(reads == ["\(id)@:1"])
        _ = scene.master.step(.readBack(id, at: one, .read(.short)))
        let located = try scene.master.open("file0").answer.opened().chunks
        #expect(Set(located[0].servers.map(\.description)) == [":1", ":2"])
        #expect(scene.beat(":1").reads.isEmpty)
    }

    @Test func aDifferenceWithoutASessionIsAnsweredByTheWishForAFullReport() throws {
        var scene = try Scene(files: 1)
        scene.master.restart()
        #expect(scene.beat(":1").wantFullReport)
        #expect(try scene.server(":1").chunks.isEmpty, "nothing of it is taken")
        #expect(!scene.report(":1").wantFullReport)
        #expect(!scene.beat(":1").wantFullReport)
        #expect(try scene.known(":1") == 1)
    }

    /// As by a writer whose put began before the server lost the chunk, and told of it.
    @Test func aCopyThatSomebodyVouchesForAndTheServerDoesNotHaveIsNotBelievedForLong() throws {
        var scene = try Scene(files: 1)
        let (id, server) = (scene.ids[0], try scene.server(":1"))
        scene.held[":1"] = [:]
        for _ in 0..<3 {
            _ = scene.beat(":1")
            scene.master.pass(.seconds(11))
        }
        let chunk = try #require(scene.master.state.chunk(named: id))
        #expect(scene.master.state.chunks[chunk].replica(on: server.handle)?.state != .complete)
        scene.master.vouch(for: chunk, .short, on: server.handle)
        _ = scene.beat(":1")
        #expect(try scene.servers(of: "file0") == [":1", ":2"], "it may just have come")
        for _ in 0..<3 {
            scene.master.pass(.seconds(11))
            for server in [":1", ":2"] { _ = scene.beat(server) }
        }
        #expect(try scene.servers(of: "file0") == [":2"])
        #expect(scene.master.state.chunks[chunk].replica(on: server.handle)?.state != .complete)
    }

    @Test func eachRequestHasOneAnswer() throws {
        var scene = try Scene(files: 5)
        let effects = scene.report(":1", pageCount: 2)
        let answers = effects.count {
            if case .heartbeatResponse(_, let batch) = $0 { batch.isAnswer } else { false }
        }
        #expect(answers == 3)
    }

    @Test func whatAFullReportOrADifferenceNamesIsComplete() throws {
        var scene = try Scene(files: 3)
        scene.master.restart()
        _ = scene.report(":1", pageCount: 2)
        _ = scene.report(":2")
        for file in 0..<3 { #expect(try scene.servers(of: "file\(file)") == [":1", ":2"]) }
        #expect(scene.master.state.safeMode.unheard == 0)
        #expect(scene.master.state.reports == ReportCounts(full: 2))
        _ = scene.beat(":1")
        #expect(scene.master.state.reports.differences == 1)
    }

    @Test func aRemovedChunkIsGoneOnlyWithAHeartbeatMoreThanTenSecondsLater() throws {
        var scene = try Scene(files: 2)
        scene.held[":1"]?[scene.ids[0]] = nil
        let first = scene.beat(":1")
        #expect(!first.wantFullReport)
        #expect(try scene.known(":1") == 2)
        scene.master.pass(.seconds(10))
        _ = scene.beat(":1")
        #expect(try scene.known(":1") == 2)
        scene.master.pass(.seconds(1))
        // Time alone proves nothing: the server must be heard.
        _ = scene.master.tick()
        #expect(try scene.known(":1") == 2)
        _ = scene.beat(":1")
        #expect(try scene.known(":1") == 1)
        #expect(try scene.servers(of: "file0") == [":2"])
        #expect(try scene.servers(of: "file1") == [":1", ":2"])
    }

    @Test func absenceIsTheSameAcrossSessions() throws {
        var scene = try Scene(files: 2)
        scene.held[":1"]?[scene.ids[0]] = nil
        scene.reconnect(":1")
        _ = scene.report(":1")
        #expect(try scene.server(":1").missingSince.count == 1)
        scene.master.pass(.seconds(11))
        scene.reconnect(":1")
        _ = scene.report(":1")
        #expect(try scene.known(":1") == 2, "looked at with the next heartbeat")
        _ = scene.beat(":1")
        #expect(try scene.known(":1") == 1)
    }

    @Test func aChunkThatComesBackInTimeStays() throws {
        var scene = try Scene(files: 1)
        scene.held[":1"]?[scene.ids[0]] = nil
        _ = scene.beat(":1")
        scene.master.pass(.seconds(8))
        scene.held[":1"]?[scene.ids[0]] = .some(.short)
        _ = scene.beat(":1")
        scene.master.pass(.seconds(8))
        _ = scene.beat(":1")
        #expect(try scene.server(":1").missingSince.isEmpty)
        #expect(try scene.servers(of: "file0") == [":1", ":2"])
    }

    @Test func aLostDifferenceIsFoundByTheDigestAndNothingIsForgottenMeanwhile() throws {
        var scene = try Scene(files: 3)
        // One chunk goes, and the word of it is lost; with another missing since long ago.
        scene.held[":1"]?[scene.ids[2]] = nil
        _ = scene.beat(":1")
        scene.held[":1"]?[scene.ids[0]] = nil
        _ = scene.sessions[":1"]!.difference(scene.held[":1"]!)
        scene.master.pass(.seconds(20))
        #expect(scene.beat(":1").wantFullReport)
        #expect(try scene.known(":1") == 3, "no absence counts while the digests differ")
        #expect(scene.beat(":1").wantFullReport, "asked again until it comes")
        #expect(scene.master.state.reports.mismatches == 1, "counted once")
        #expect(!scene.report(":1").wantFullReport)
        #expect(!scene.beat(":1").wantFullReport)
        #expect(try scene.known(":1") == 2)
        scene.master.pass(.seconds(11))
        _ = scene.beat(":1")
        #expect(try scene.known(":1") == 1)
    }

    @Test func aLostAdditionIsFoundByTheDigest() throws {
        var scene = try Scene(files: 1)
        let stranger = try ChunkID("stranger_0")
        scene.held[":1"]?[stranger] = .some(nil)
        _ = scene.sessions[":1"]!.difference(scene.held[":1"]!)
        #expect(scene.beat(":1").wantFullReport)
        _ = scene.report(":1")
        #expect(try scene.server(":1").orphanCount == 1)
    }

    @Test func aDifferenceThatComesTwiceChangesNothing() throws {
        var scene = try Scene(files: 2)
        scene.held[":1"]?[scene.ids[0]] = nil
        scene.held[":1"]?[try ChunkID("stranger_0")] = .some(nil)
        let difference = scene.sessions[":1"]!.difference(scene.held[":1"]!)
        let stream = scene.sessions[":1"]!.stream
        #expect(!scene.master.take([difference, difference], on: stream).wantFullReport)
        #expect(try scene.server(":1").orphanCount == 1)
        #expect(try scene.server(":1").missingSince.count == 1)
    }

    @Test func whatComesLateOverAnOldStreamIsNotHeard() throws {
        var scene = try Scene(files: 1)
        scene.held[":1"]?[scene.ids[0]] = nil
        let late = scene.sessions[":1"]!.difference(scene.held[":1"]!)
        let old = scene.sessions[":1"]!.stream
        scene.held[":1"]?[scene.ids[0]] = .some(.short)
        scene.reconnect(":1")
        _ = scene.report(":1")
        #expect(!scene.master.take([late], on: old).wantFullReport)
        #expect(try scene.server(":1").missingSince.isEmpty)
        #expect(!scene.beat(":1").wantFullReport)
        // The end of the old stream is not the end of the new session.
        _ = scene.master.step(.heartbeatStreamEnded(try ServerAddress(":1"), old))
        #expect(!scene.beat(":1").wantFullReport)
    }

    @Test func aReportThatIsCutTakesNothingAway() throws {
        var scene = try Scene(files: 5)
        let parts = scene.sessions[":1"]!.fullReport(scene.held[":1"]!, key: 8, pageCount: 2)
        let stream = scene.sessions[":1"]!.stream
        _ = scene.master.take(Array(parts.dropLast()), on: stream)
        _ = scene.master.step(.heartbeatStreamEnded(try ServerAddress(":1"), stream))
        scene.master.pass(.seconds(11))
        #expect(try scene.server(":1").missingSince.isEmpty)
        scene.reconnect(":1")
        #expect(!scene.report(":1").wantFullReport)
        #expect(try scene.known(":1") == 5)
    }

    @Test func chunksOfARemovedFileAreDeletedThoughTheyWereToldOfBefore() throws {
        var policy = ClusterPolicy.withoutSafeMode
        policy.maxDeletionsPerServer = 2
        var scene = try Scene(files: 5, policy: policy)
        scene.master.pass(.seconds(60))
        for file in 0..<5 {
            for server in [":1", ":2"] { _ = scene.beat(server) }
            try scene.remove("file\(file)")
        }
        _ = try scene.master.ask { .emptyTrash(nil, request: "", $0) }.answer.get()
        var deleted: Set<ChunkID> = []
        // More than a server may have outstanding: what waits is ordered as room comes.
        for _ in 0..<6 {
            var effects = scene.master.tick(after: .seconds(1))
            effects += scene.beat(":1") + scene.beat(":2")
            for id in effects.deletions {
                deleted.insert(id)
                scene.held[":1"]?[id] = nil
                scene.held[":2"]?[id] = nil
            }
        }
        #expect(deleted == Set(scene.ids))
        for server in [":1", ":2"] {
            #expect(!scene.beat(server).wantFullReport)
            #expect(try scene.server(server).orphanCount == 0)
            #expect(try scene.server(server).deletions.isEmpty)
            #expect(try scene.server(server).inventory?.strangerCount == 0)
        }
        #expect(scene.master.state.reports.mismatches == 0)
    }

    @Test func aDeletionThatIsNotCarriedOutIsOrderedAgain() throws {
        var scene = try Scene(files: 1, policy: .withoutSafeMode)
        scene.master.pass(.seconds(60))
        for server in [":1", ":2"] { _ = scene.beat(server) }
        try scene.remove("file0")
        _ = try scene.master.ask { .emptyTrash(nil, request: "", $0) }.answer.get()
        #expect(scene.master.tick(after: .seconds(1)).deletions.count == 2)
        scene.master.pass(.seconds(20))
        #expect(scene.beat(":1").deletions.isEmpty)
        scene.master.pass(.seconds(41))
        #expect(scene.beat(":1").deletions == scene.ids)
    }

    @Test func aCopyWithOtherBytesIsUnwantedAndOutOfService() throws {
        var scene = try Scene(files: 1)
        scene.held[":1"]?[scene.ids[0]] = .some(.torn)
        scene.reconnect(":1")
        let effects = scene.report(":1")
        let unwanted = effects.flatMap { effect -> [ChunkID] in
            if case .heartbeatResponse(_, let batch) = effect { batch.unwanted } else { [] }
        }
        #expect(unwanted == scene.ids)
        #expect(try scene.servers(of: "file0") == [":2"])
        scene.held[":1"] = [:]
        #expect(!scene.beat(":1").wantFullReport)
    }

    @Test func anOrphanKeepsItsAgeAcrossSessions() throws {
        var scene = try Scene(files: 1)
        let stranger = try ChunkID("stranger_0")
        scene.held[":1"]?[stranger] = .some(nil)
        _ = scene.beat(":1")
        let since = try scene.server(":1").orphans[stranger]
        scene.master.pass(.seconds(20))
        scene.reconnect(":1")
        _ = scene.report(":1")
        #expect(try scene.server(":1").orphans[stranger] == since)
        scene.held[":1"]?[stranger] = nil
        _ = scene.beat(":1")
        #expect(try scene.server(":1").orphanCount == 0)
    }

    @Test func moreStrangersThanAreKnownByTheirIdsAreCounted() throws {
        var scene = try Scene(files: 1)
        let count = Inventory.maxKnown + 100
        for number in 0..<count { scene.held[":1"]?[try ChunkID("stranger_\(number)")] = .some(nil) }
        scene.reconnect(":1")
        #expect(!scene.report(":1").wantFullReport)
        #expect(try scene.server(":1").orphanCount == count)
        for number in 0..<count { scene.held[":1"]?[try ChunkID("stranger_\(number)")] = nil }
        #expect(!scene.beat(":1").wantFullReport)
        #expect(try scene.server(":1").orphanCount == 0)
    }

    /// Of those that are only counted the server may learn more, and they may be looked at again: they are counted once.
    @Test func strangersThatAreOnlyCountedAreCountedOnce() throws {
        var scene = try Scene(files: 2)
        let count = Inventory.maxKnown + 100
        let ids = try (0..<count).map { try ChunkID("stranger_\($0)") }
        for id in ids { scene.held[":1"]?[id] = .some(nil) }
        scene.reconnect(":1")
        _ = scene.report(":1")
        for id in ids { scene.held[":1"]?[id] = .some(.short) }
        #expect(!scene.beat(":1").wantFullReport, "a changed one is none that comes")
        #expect(try scene.server(":1").inventory?.strangerCount == count)
        #expect(try scene.server(":1").orphanCount == count)
        // Chunks of a removed file are looked at again, and are no orphans.
        try scene.remove("file0")
        _ = scene.master.ask { .emptyTrash(nil, request: "", $0) }
        var effects = scene.master.tick(after: .seconds(31))
        for server in [":1", ":2"] {
            scene.reconnect(server)
            effects += scene.report(server)
        }
        for _ in 0..<3 {
            effects += scene.master.tick(after: .seconds(1))
            for server in [":1", ":2"] { effects += scene.beat(server) }
        }
        #expect(effects.deletions.contains(scene.ids[0]) && !effects.wantFullReport)
        #expect(try scene.server(":1").orphanCount == count)
        #expect(try scene.server(":1").inventory?.strangerCount == count + 1)
        scene.held[":1"]?[scene.ids[0]] = nil
        #expect(!scene.beat(":1").wantFullReport)
        #expect(try scene.server(":1").orphanCount == count)
        #expect(try scene.server(":1").inventory?.strangerCount == count)
    }

    /// Looking at what a report lacks takes a while; until then none of it makes another copy one too many.
    @Test func whatTheNewestReportLacksIsNotSureAnyMore() throws {
        var scene = try Scene(files: 300)
        scene.held[":1"] = [:]
        scene.reconnect(":1")
        _ = scene.report(":1")
        let handles = try scene.ids.map { try #require(scene.master.state.chunk(named: $0)) }
        #expect(scene.master.state.hasBacklog)
        #expect(handles.allSatisfy { scene.master.state.countCopies(of: $0).sure == 1 })
        while scene.master.state.hasBacklog { _ = scene.master.step(.goOn) }
        #expect(handles.allSatisfy { scene.master.state.countCopies(of: $0).sure == 1 })
        #expect(try scene.server(":1").lacksListed == false)
        for id in scene.ids { scene.held[":1"]?[id] = .some(.short) }
        _ = scene.beat(":1")
        #expect(handles.allSatisfy { scene.master.state.countCopies(of: $0).sure == 2 })
    }

    /// What it was taken to hold after a restart of the master it does not hold.
    @Test func aServerInMaintenanceThatReportsNothingLeavesNoRepairUndone() throws {
        var scene = try Scene(files: 2)
        _ = try scene.master.set(.maintenance, ":1").answer.get()
        scene.master.restart()
        scene.reconnect(":2")
        var effects = scene.report(":2")
        for _ in 0..<8 {
            scene.master.pass(.seconds(5))
            effects += try scene.beat(":2") + scene.master.heartbeat(":3") + scene.master.tick()
        }
        #expect(effects.copies.isEmpty, "its copies are waited for")
        scene.held[":1"] = [:]
        scene.reconnect(":1")
        effects += scene.report(":1")
        while scene.master.state.hasBacklog { effects += scene.master.step(.goOn) }
        #expect(effects.copies.sorted() == scene.ids.map { "\($0)>:3" }.sorted())
    }

    @Test func aServerOfAnOlderVersionGoesOnWithLists() throws {
        var scene = try Scene(files: 2)
        _ = try scene.master.heartbeat(":1", life: 5, [scene.ids[0]])
        scene.master.pass(.seconds(11))
        _ = try scene.master.heartbeat(":1", life: 5, [scene.ids[0]])
        #expect(try scene.known(":1") == 1)
        // And with differences when it is newer again.
        scene.sessions[":1"] = ToldInventory(try ServerAddress(":1"), life: 6)
        #expect(!scene.report(":1").wantFullReport)
        #expect(try scene.servers(of: "file1") == [":1", ":2"])
    }

    @Test func aServerThatWasDeadTellsAllAgain() throws {
        var scene = try Scene(files: 1)
        _ = scene.master.tick(after: .seconds(31))
        #expect(try scene.server(":1").isAlive == false)
        #expect(scene.beat(":1").wantFullReport)
        _ = scene.report(":1")
        #expect(try scene.server(":1").isAlive)
        #expect(try scene.servers(of: "file0") == [":1"])
    }
}
