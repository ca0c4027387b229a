import DFSCore
import Testing

@testable import DFSMetadata

/// What servers keep of a chunk that was sealed without them.
@Suite struct StaleReplicaTests {
    @Test func whatWasNotSealedIsDeletedOnlyOnceEnoughCopiesAreComplete() throws {
        var master = try MasterHarness.withSwiftServers()
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
        var master = try MasterHarness.withSwiftServers()
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

    /// Lists do not show open chunks: only the stream can tell whether the order has arrived.
    @Test func anOrderToDeleteAStaleReplicaThatWasLostWithItsStreamIsGivenAgain() throws {
        var master = try MasterHarness.withSwiftServers()
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

    /// The copy may never come, and then what was there before it is there still.
    @Test func aCopyThatIsOnItsWayToAStaleReplicaHasNotTakenItsPlaceYet() throws {
        var master = try MasterHarness.withSwiftServers([":1", ":2"])
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
}
