import DFSCore
import Testing

@testable import DFSMetadata

/// Uploads of Go clients that a server of ours brings to the others by itself.
@Suite struct ForwardingTests {
    /// A Go client's upload to the first of three servers, which has asked where it belongs.
    private func forwarded(_ kinds: [NodeKind]) throws -> (MasterHarness, id: ChunkID, first: String, second: String) {
        var master = MasterHarness()
        for (index, kind) in kinds.enumerated() { try master.join(kind, ":\(index + 1)") }
        let (id, servers) = try master.allocate("a", 0).answer.allocation()
        #expect(try master.targets(id, from: servers[0]) == [servers[1]])
        return (master, id, servers[0], servers[1])
    }

    @Test func noCopyIsOrderedWhileAServerForwardsTheChunk() throws {
        var (master, id, first, second) = try forwarded([.swift, .swift, .swift])
        // The second server is done before the first one.
        #expect(try master.report(second, [(id, .short)]).effects.copies == [])
        #expect(try master.report(first, [(id, .short)]).effects.copies == [])
        #expect(master.close(1).copies == [])
        #expect(try master.fileInfo("a").answer.located().first?.servers.count == 2)
    }

    @Test func copyIsOrderedWhenTheServerHasReachedNobody() throws {
        var (master, id, first, _) = try forwarded([.swift, .swift])
        #expect(try master.report(first, [(id, .short)]).effects.copies.count == 1)
    }

    @Test func goServerThatHasTakenTheChunkFromOneOfOursNeedsNoOtherCopy() throws {
        var (master, id, first, second) = try forwarded([.swift, .go])
        #expect(try master.report(first, [(id, .short)], syncedOn: [second]).effects.copies == [])
        #expect(master.close(1).copies == [])
        #expect(try master.fileInfo("a").answer.located().first?.servers.count == 2)
    }

    @Test func nextChunkOfTheClientEndsTheForwardingOfTheOneBefore() throws {
        var (master, id, _, second) = try forwarded([.swift, .swift])
        #expect(try master.report(second, [(id, .full)]).effects.copies == [])
        // The first server has failed, and the client has gone on with the second.
        #expect(try master.allocate("a", 1).effects.copies.count == 1)
    }

    @Test func forwardingByAServerThatDiedIsNotWaitedFor() throws {
        var (master, id, first, second) = try forwarded([.swift, .swift, .swift])
        #expect(try master.report(second, [(id, .short)]).effects.copies == [])
        var effects = master.tick(after: .seconds(20))
        for server in [":1", ":2", ":3"] where server != first {
            effects += try master.heartbeat(server, server == second ? [id] : [])
        }
        effects += master.tick(after: .seconds(20))
        #expect(effects.copies.count == 1)
    }

    @Test func serversAreNamedOnlyWhileAGoClientWrites() throws {
        var master = MasterHarness()
        try master.join(.swift, ":1", ":2", ":3")
        let upload = try master.create("swift").answer.upload()
        let (ours, servers) = try master.allocate("swift", 0, upload: upload).answer.allocation()
        #expect(try master.targets(ours, from: servers[0]) == [], "our clients name their chains")

        let (id, holders) = try master.allocate("go", 0, over: 2).answer.allocation()
        let other = try #require([":1", ":2", ":3"].first { !holders.contains($0) })
        #expect(try master.targets(id, from: other) == [], "it was not given to the client")
        #expect(try master.targets(try ChunkID("go.00000000000000ff_0"), from: holders[0]) == [], "unknown")
        #expect(try master.targets(id, from: holders[0]) == [holders[1]])
        _ = try master.report(holders[0], [(id, .short)])
        _ = master.close(2)
        #expect(try master.targets(id, from: holders[0]) == [], "the file is complete")
    }

    @Test func serverWithoutAConnectionIsNotNamed() throws {
        var master = MasterHarness()
        try master.join(.swift, ":1", ":2")
        let (id, servers) = try master.allocate("a", 0).answer.allocation()
        let lost = try ServerAddress(servers[1])
        _ = master.step(.heartbeatStreamEnded(lost, MasterHarness.stream(of: lost, life: 0)))
        #expect(try master.targets(id, from: servers[0]) == [])
    }

    @Test func goServerThatHasOnlyRegisteredIsNamed() throws {
        var master = MasterHarness()
        try master.join(.swift, ":1")
        _ = try master.register(":2")
        _ = try master.described(":2", .go)
        let (id, servers) = try master.allocate("a", 0).answer.allocation()
        #expect(servers == [":1", ":2"])
        #expect(try master.targets(id, from: ":1") == [":2"])
    }

    @Test func uploadThatIsGivenUpIsForgotten() throws {
        var (master, _, _, _) = try forwarded([.swift, .swift])
        _ = master.close(1)
        #expect(master.state.forwarding.isEmpty)
    }
}
