import DFSCore
import Testing

@testable import DFSMetadata

/// A chunk server of ours where a Go server was, on its folder: it did not write what it finds there.
@Suite struct TakenOverFolderTests {
    /// A Go client's chunk whose upload to the first server broke when that was killed, and that the second one has. The client is
    /// done, and the first server is back as one of ours.
    private struct Scene {
        var master = MasterHarness()
        let id: ChunkID
        let (torn, whole): (String, String)
        var told: ToldInventory

        init() throws {
            try master.join(.go, ":1", ":2")
            let (id, servers) = try master.allocate("a", 0).answer.allocation()
            self.id = id
            (torn, whole) = (servers[0], servers[1])
            let address = try ServerAddress(torn)
            told = ToldInventory(address, life: 1)
            told.adopted = [id]
            _ = master.step(.heartbeatStreamEnded(address, MasterHarness.stream(of: address, life: 0)))
            _ = master.close(1)
            _ = try master.readBack(id, torn, .unreachable)
            _ = try master.readBack(id, whole, .read(.short))
            _ = master.take(told.fullReport([id: nil]), on: told.stream)
        }

        /// All servers are heard, and read what they are told to read.
        mutating func passTime(_ found: Digest) throws {
            _ = master.tick(after: .seconds(11))
            _ = try master.heartbeat(whole, [id])
            _ = master.take([told.difference([id: found])], on: told.stream)
            _ = try master.readBack(id, torn, .read(found))
            _ = try master.readBack(id, whole, .read(.short))
        }
    }

    @Test(arguments: [Digest.torn, Digest(length: 0, crc32c: 0)], [true, false])
    func aTornFileIsNotTheChunk(found: Digest, isReported: Bool) throws {
        var scene = try Scene()
        #expect(try scene.master.fileInfo("a").answer.code == .unavailable)
        if isReported {
            let report = try scene.master.report(scene.torn, life: 1, [(scene.id, found)], adopted: [scene.id])
            #expect(try report.answer.unwanted() == [])
        } else {
            _ = scene.master.take([scene.told.difference([scene.id: found])], on: scene.told.stream)
        }
        #expect(try scene.master.fileInfo("a").answer.code == .unavailable)
        for _ in 0..<3 { try scene.passTime(found) }
        let chunks = try scene.master.fileInfo("a").answer.located()
        #expect(chunks.map(\.digest) == [.short])
        #expect(chunks.first?.servers.map(\.description) == [scene.whole])
    }

    /// It is told of once, before the chunk's bytes are known.
    @Test func aTornFileIsReplacedWhenTheChunkIsKnown() throws {
        var scene = try Scene()
        for _ in 0..<6 { try scene.passTime(.torn) }
        let chunk = try #require(scene.master.state.chunk(named: scene.id))
        let server = try #require(scene.master.state.servers.handle(of: try ServerAddress(scene.torn)))
        #expect(scene.master.state.chunks[chunk].replica(on: server)?.state != .listed)
    }

    @Test func aShortFileIsAcceptedAfterTwoEqualReads() throws {
        var master = MasterHarness()
        try master.join(.go, ":1", ":2")
        let (id, servers) = try master.allocate("a", 0).answer.allocation()
        var told = ToldInventory(try ServerAddress(servers[0]), life: 1)
        told.adopted = [id]
        _ = master.close(1)
        _ = master.take(told.fullReport([id: .short]), on: told.stream)
        #expect(try master.fileInfo("a").answer.code == .unavailable)
        for _ in 0..<3 {
            _ = master.tick(after: .seconds(11))
            _ = try master.heartbeat(servers[1])
            _ = master.take([told.difference([id: .short])], on: told.stream)
            _ = try master.readBack(id, servers[0], .read(.short))
            _ = try master.readBack(id, servers[1], .absent)
        }
        #expect(try master.fileInfo("a").answer.located().map(\.digest) == [.short])
    }

    @Test func aFullChunkProvesItself() throws {
        var master = MasterHarness()
        try master.join(.go, ":1", ":2")
        let (id, servers) = try master.allocate("a", 0).answer.allocation()
        var told = ToldInventory(try ServerAddress(servers[0]), life: 1)
        told.adopted = [id]
        _ = master.take(told.fullReport([id: .full]), on: told.stream)
        _ = master.close(1)
        #expect(try master.fileInfo("a").answer.located().map(\.digest) == [.full])
    }

    /// Until it has told of all that it holds, nothing says that it has not the only copy.
    @Test func aServerThatHasNotToldOfAllIsWaitedFor() throws {
        var master = MasterHarness()
        try master.join(.go, ":1", ":2")
        let (id, servers) = try master.allocate("a", 0).answer.allocation()
        var told = ToldInventory(try ServerAddress(servers[1]), life: 1)
        told.adopted = [id]
        let other = try ChunkID("0.other_0")
        let parts = told.fullReport([other: .short, id: .short], pageCount: 1)
        _ = master.take([parts[0]], on: told.stream)
        _ = master.close(1)
        for _ in 0..<3 {
            _ = master.tick(after: .seconds(11))
            _ = try master.heartbeat(servers[0], [id])
            _ = try master.readBack(id, servers[0], .read(.torn))
            _ = try master.report(servers[1], life: 1, [])
        }
        #expect(try master.fileInfo("a").answer.code == .unavailable)
        _ = master.take(Array(parts.dropFirst()), on: told.stream)
        for _ in 0..<3 {
            _ = master.tick(after: .seconds(11))
            _ = try master.heartbeat(servers[0], [id])
            _ = try master.readBack(id, servers[0], .read(.torn))
            _ = try master.readBack(id, servers[1], .read(.short))
            _ = try master.report(servers[1], life: 1, [])
        }
        #expect(try master.fileInfo("a").answer.located().map(\.digest) == [.short])
    }
}
