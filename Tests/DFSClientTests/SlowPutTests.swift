import DFSClient
import DFSCore
import Testing

/// Puts whose servers take little, but never nothing.
@Suite(.timeLimit(.minutes(2))) struct SlowPutTests {
    /// The tests' servers are fast beside this, however busy the machine.
    private static let floor = 3 << 20
    private static let trickle = 1 << 20

    private func wish(servers: Int, replication: Int) -> TestCluster.Wish {
        var wish = TestCluster.Wish(
            servers: Array(repeating: true, count: servers), replication: replication, chunkSize: 20 << 20)
        wish.configuration.bufferSize = 256 << 10
        wish.configuration.stallLimit = .seconds(3)
        wish.configuration.acknowledgementLimit = .seconds(60)
        wish.configuration.slowFloor = Self.floor
        wish.configuration.chunksInFlight = 1
        return wish
    }

    private func uploadCounts(_ cluster: TestCluster) -> [Int] {
        cluster.servers.map { server in server.record.withLock { $0.uploads.count } }
    }

    /// First and last of the chain.
    @Test(arguments: [0, 1]) func slowServerIsReplacedAndNotMetAgain(position: Int) async throws {
        try await TestCluster.run(wish(servers: 3, replication: 2)) { cluster in
            cluster.servers[position].faults.withLock { $0.bytesPerSecond = Self.trickle }
            let bytes = try cluster.makeFile("in", 50 << 20)
            let result = try await cluster.client.put("in", as: "f")
            let others = Set(cluster.addresses).subtracting([cluster.addresses[position]])
            #expect(result.chunks.map { Set($0.durableOn) } == [others, others, others])
            #expect(cluster.replicasHold(bytes, result))
            #expect(uploadCounts(cluster)[position] == 1)
            #expect(cluster.servers[position].chunkIDs.isEmpty)
        }
    }

    /// First and last of one chain: the second one is found when what is left of the chain is fed anew.
    @Test func twoSlowServersOfAChainAreBothReplaced() async throws {
        try await TestCluster.run(wish(servers: 5, replication: 3)) { cluster in
            for position in [0, 2] { cluster.servers[position].faults.withLock { $0.bytesPerSecond = Self.trickle } }
            let bytes = try cluster.makeFile("in", 20 << 20)
            let result = try await cluster.client.put("in", as: "f")
            #expect(Set(result.chunks[0].durableOn) == Set([1, 3, 4].map { cluster.addresses[$0] }))
            #expect(cluster.replicasHold(bytes, result))
        }
    }

    @Test func putGoesOnWhereAllServersAreSlow() async throws {
        var wish = wish(servers: 3, replication: 2)
        wish.configuration.stallLimit = .seconds(1)
        wish.configuration.slowFloor = 100 << 20
        try await TestCluster.run(wish) { cluster in
            for server in cluster.servers { server.faults.withLock { $0.bytesPerSecond = 6 << 20 } }
            let bytes = try cluster.makeFile("in", 30 << 20)
            let result = try await cluster.client.put("in", as: "f")
            #expect(result.chunks.map(\.durableOn.count) == [2, 2])
            #expect(cluster.replicasHold(bytes, result))
            // One is given up, then one that came in its place, and that is all; each chunk comes to two besides.
            #expect(uploadCounts(cluster).reduce(0, +) <= 8)
        }
    }

    @Test func putGoesOnWhereThereIsNoOtherServer() async throws {
        try await TestCluster.run(wish(servers: 2, replication: 2)) { cluster in
            cluster.servers[0].faults.withLock { $0.bytesPerSecond = 2 << 20 }
            let bytes = try cluster.makeFile("in", 20 << 20)
            let result = try await cluster.client.put("in", as: "f")
            #expect(result.chunks[0].durableOn.count == 2)
            #expect(cluster.replicasHold(bytes, result))
        }
    }

    @Test func slowServerIsLeftOutWhereTheOthersAreEnough() async throws {
        try await TestCluster.run(wish(servers: 2, replication: 2)) { cluster in
            cluster.servers[0].faults.withLock { $0.bytesPerSecond = Self.trickle }
            _ = try cluster.makeFile("in", 50 << 20)
            let result = try await cluster.client.put("in", as: "f", options: PutOptions(requiredReplicas: 1))
            #expect(result.chunks.map(\.durableOn) == Array(repeating: [cluster.addresses[1]], count: 3))
            #expect(uploadCounts(cluster) == [1, 3])
        }
    }

    @Test func noServerIsBlamedForTheClientsNetwork() async throws {
        var wish = wish(servers: 3, replication: 1)
        wish.chunkSize = 14 << 20
        wish.configuration.chunksInFlight = 2
        wish.configuration.stallLimit = .seconds(2)
        wish.configuration.slowFloor = 100 << 20
        try await TestCluster.run(wish) { cluster in
            // What a slow network looks like from here: all servers take little at once.
            for server in cluster.servers { server.faults.withLock { $0.bytesPerSecond = 3 << 20 } }
            let bytes = try cluster.makeFile("in", 28 << 20)
            cluster.master.state.withLock { $0.rotates = true }
            let result = try await cluster.client.put("in", as: "f")
            #expect(cluster.replicasHold(bytes, result))
            #expect(uploadCounts(cluster).reduce(0, +) == 2)
            #expect(cluster.master.state.withLock { $0.excluded.allSatisfy(\.isEmpty) })
        }
    }

    @Test func noServerIsBlamedForTheClientsDisk() async throws {
        var wish = wish(servers: 3, replication: 2)
        wish.configuration.stallLimit = .seconds(2)
        wish.configuration.slowFloor = 200 << 20
        // 8 MiB a second.
        wish.secondsPerRead = 0.03
        try await TestCluster.run(wish) { cluster in
            let bytes = try cluster.makeFile("in", 20 << 20)
            let result = try await cluster.client.put("in", as: "f")
            #expect(cluster.replicasHold(bytes, result))
            #expect(uploadCounts(cluster) == [1, 1, 0])
        }
    }

    @Test func anySpeedWillDoWhereTheFloorIsNone() async throws {
        var wish = wish(servers: 3, replication: 2)
        wish.configuration.slowFloor = 0
        wish.configuration.stallLimit = .seconds(1)
        try await TestCluster.run(wish) { cluster in
            cluster.servers[0].faults.withLock { $0.bytesPerSecond = 4 << 20 }
            _ = try cluster.makeFile("in", 20 << 20)
            let result = try await cluster.client.put("in", as: "f")
            #expect(Set(result.chunks[0].durableOn) == Set(cluster.addresses[0...1]))
        }
    }
}
