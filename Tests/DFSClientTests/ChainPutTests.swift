import DFSClient
import Testing

/// How a put brings chunks to several servers.
@Suite(.timeLimit(.minutes(2))) struct ChainPutTests {
    private func receivedByteCount(_ cluster: TestCluster) -> [Int] {
        cluster.servers.map { server in server.record.withLock { $0.receivedByteCount } }
    }

    private func chains(_ cluster: TestCluster) -> [[String]] {
        cluster.servers.map { server in server.record.withLock { $0.chains } }
    }

    @Test func clientSendsEachChunkOnceAndTheServersPassItOn() async throws {
        try await TestCluster.run(.init(servers: [true, true, true], replication: 3)) { cluster in
            let bytes = try cluster.makeFile("in", 200_000)
            let result = try await cluster.client.put("in", as: "f")
            #expect(Set(result.chunks[0].durableOn) == Set(cluster.addresses))
            #expect(cluster.replicasHold(bytes, result))
            let all = cluster.addresses.joined(separator: ",")
            let behind = cluster.addresses.dropFirst().joined(separator: ",")
            #expect(chains(cluster) == [[all], [behind], [cluster.addresses[2]]])
            #expect(receivedByteCount(cluster) == [200_000, 200_000, 200_000])
        }
    }

    @Test(arguments: [true, false])
    func chunkIsSentToEachServerFromHereWhereTheCallerOrAnOldServerWantsIt(isOld: Bool) async throws {
        let wish = TestCluster.Wish(servers: [true, true, true], forwards: !isOld, replication: 3)
        try await TestCluster.run(wish) { cluster in
            let bytes = try cluster.makeFile("in", 200_000)
            let result = try await cluster.client.put("in", as: "f", options: PutOptions(forwardsChunks: isOld))
            #expect(result.chunks[0].durableOn.count == 3)
            #expect(cluster.replicasHold(bytes, result))
            // An old server is found out once, and nobody is asked for another server because of it.
            #expect(cluster.master.state.withLock { $0.excluded } == [[]])
            let first = isOld ? cluster.addresses.joined(separator: ",") : ""
            #expect(chains(cluster) == [[first], [""], [""]])
        }
    }

    @Test func goServerInFrontMeansOneCallToEachServer() async throws {
        try await TestCluster.run(.init(isMasterSwift: false, servers: [false, true])) { cluster in
            let bytes = try cluster.makeFile("in", 200_000)
            let result = try await cluster.client.put("in", as: "f")
            #expect(result.chunks[0].durableOn == [cluster.addresses[1]])
            #expect(result.chunks[0].syncedUnverifiedOn == [cluster.addresses[0]])
            #expect(cluster.replicasHold(bytes, result))
            #expect(chains(cluster) == [[""], [""]])
        }
    }

    @Test func goServerBehindOneOfOursIsFedByIt() async throws {
        try await TestCluster.run(.init(servers: [true, false])) { cluster in
            let bytes = try cluster.makeFile("in", 200_000)
            let result = try await cluster.client.put("in", as: "f")
            #expect(result.chunks[0].durableOn == [cluster.addresses[0]])
            #expect(result.chunks[0].syncedUnverifiedOn == [cluster.addresses[1]])
            #expect(cluster.replicasHold(bytes, result))
            #expect(cluster.servers[0].record.withLock { $0.chains } == [cluster.addresses.joined(separator: ",")])
        }
    }

    @Test func onlyTheFirstServerIsReplacedWhereItFails() async throws {
        try await TestCluster.run(.init(servers: [true, true, true, true], replication: 3)) { cluster in
            cluster.servers[0].faults.withLock { ($0.refusedUploads, $0.refuseAfter) = (1, 100_000) }
            let bytes = try cluster.makeFile("in", 200_000)
            let result = try await cluster.client.put("in", as: "f")
            #expect(Set(result.chunks[0].durableOn) == Set(cluster.addresses[1...3]))
            #expect(cluster.replicasHold(bytes, result))
            #expect(cluster.master.state.withLock { $0.excluded } == [[], [cluster.addresses[0]]])
            // The others have got the chunk once.
            #expect(receivedByteCount(cluster).dropFirst() == [200_000, 200_000, 200_000])
        }
    }

    @Test func serverThatFailsBehindAnotherIsReplacedAndTheOthersKeepTheChunk() async throws {
        try await TestCluster.run(.init(servers: [true, true, true, true], replication: 3)) { cluster in
            cluster.servers[1].faults.withLock { ($0.refusedUploads, $0.refuseAfter) = (1, 100_000) }
            let bytes = try cluster.makeFile("in", 200_000)
            let result = try await cluster.client.put("in", as: "f")
            #expect(Set(result.chunks[0].durableOn) == Set([0, 2, 3].map { cluster.addresses[$0] }))
            #expect(cluster.replicasHold(bytes, result))
            #expect(cluster.master.state.withLock { $0.excluded } == [[], [cluster.addresses[1]]])
            #expect(cluster.servers[0].record.withLock { $0.uploads.count } == 1)
            #expect(cluster.servers[2].record.withLock { $0.uploads.count } == 1)
        }
    }
}
