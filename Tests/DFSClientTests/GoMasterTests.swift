import DFSClient
import DFSCore
import Testing

/// A client under a Go master, with servers of both kinds.
@Suite(.timeLimit(.minutes(2))) struct GoMasterTests {
    private func wish(_ servers: [Bool]) -> TestCluster.Wish {
        // The chunk size is the Go original's own, whatever the cluster says.
        TestCluster.Wish(isMasterSwift: false, servers: servers, chunkSize: 64 << 20)
    }

    @Test(arguments: [[true, true], [true, false], [false, false]], [0, 1, 500_000])
    func fileOfOneChunkComesBack(_ servers: [Bool], _ size: Int) async throws {
        try await TestCluster.run(wish(servers)) { cluster in
            let bytes = try cluster.makeFile("in", size)
            let result = try await cluster.client.put("in", as: "f")
            #expect(result.chunks.map(\.id) == ["f_0"])
            #expect(result.chunks[0].durableOn.count == servers.filter { $0 }.count)
            #expect(result.chunks[0].syncedUnverifiedOn.count == servers.filter { !$0 }.count)
            #expect(cluster.replicasHold(bytes, result))
            let got = try await cluster.client.get("f", into: "out")
            #expect(cluster.disk.contents(of: "out/f") == bytes)
            #expect(got.chunks[0].isVerified == servers[0])
        }
    }

    @Test func chunksAreSortedByTheNumberInTheirIDs() async throws {
        try await TestCluster.run(wish([false, false])) { cluster in
            let bytes = try cluster.makeFile("in", (64 << 20) + 5)
            try await cluster.client.put("in", as: "f")
            let layout = try await cluster.client.stat("f")
            #expect(layout.chunks.map(\.id) == ["f_0", "f_1"] && layout.length == nil)
            try await cluster.client.get("f", into: "out")
            #expect(cluster.disk.contents(of: "out/f") == bytes)
        }
    }

    @Test func aFileWithAttributesIsRefusedBeforeItIsBegun() async throws {
        try await TestCluster.run(wish([true, true])) { cluster in
            let bytes = try cluster.makeFile("in", 10)
            let options = PutOptions(attributes: try FileAttributes([("a", "1")]))
            let refused = await failure { try await cluster.client.put("in", as: "f", options: options) }
            #expect(refused?.code == .unimplemented && refused?.message.contains("attributes") == true)
            let change = await failure { try await cluster.client.setAttributes(options.attributes, of: "f") }
            #expect(change?.code == .unimplemented)
            // A Go master never gives a name back, so it must not have been asked for it.
            let result = try await cluster.client.put("in", as: "f")
            #expect(cluster.replicasHold(bytes, result))
            #expect(try await cluster.client.stat("f").attributes.isEmpty)
        }
    }

    @Test func takenNameAndMissingFileHaveTheirCodes() async throws {
        try await TestCluster.run(wish([true, true])) { cluster in
            _ = try cluster.makeFile("in", 10)
            try await cluster.client.put("in", as: "f")
            let taken = await failure { try await cluster.client.put("in", as: "f") }
            #expect(taken?.code == .alreadyExists && taken?.message.contains("\"f\"") == true)
            let missing = await failure { try await cluster.client.get("g", into: "out") }
            #expect(missing?.code == .notFound && missing?.message.contains("\"g\"") == true)
        }
    }

    @Test func tooFewServersAndTheEmptyFileTheyLeaveHaveTheirCodes() async throws {
        try await TestCluster.run(wish([true])) { cluster in
            _ = try cluster.makeFile("in", 10)
            #expect(await failure { try await cluster.client.put("in", as: "f") }?.code == .unavailable)
            #expect(await failure { try await cluster.client.get("f", into: "out") }?.code == .notFound)
        }
    }

    @Test func chunkThatTheMasterLostFailsThePut() async throws {
        try await TestCluster.run(wish([false, false])) { cluster in
            cluster.master.state.withLock { $0.loses = ["f_0"] }
            _ = try cluster.makeFile("in", 10)
            #expect(await failure { try await cluster.client.put("in", as: "f") }?.code == .dataLoss)
        }
    }

    @Test func serverThatFailsOnceIsAskedAgain() async throws {
        try await TestCluster.run(wish([false, false])) { cluster in
            cluster.servers[1].faults.withLock { $0.refusedUploads = 1 }
            let bytes = try cluster.makeFile("in", 300_000)
            let result = try await cluster.client.put("in", as: "f")
            #expect(result.chunks[0].syncedUnverifiedOn.count == 2)
            #expect(cluster.replicasHold(bytes, result))
        }
    }

    @Test(arguments: [0, 1, 65_536, 299_999], [0, 1])
    func copyUnderWayIsNotTakenForTheFile(_ copiedByteCount: Int, _ copying: Int) async throws {
        try await TestCluster.run(wish([false, false])) { cluster in
            let bytes = try cluster.makeFile("in", 300_000)
            try await cluster.client.put("in", as: "f")
            cluster.servers[copying].replace("f_0", by: Array(bytes[..<copiedByteCount]))
            let got = try await cluster.client.get("f", into: "out")
            #expect(cluster.disk.contents(of: "out/f") == bytes)
            #expect(!got.chunks[0].isVerified)
        }
    }

    @Test func swiftServersAreReadFirstSinceTheyServeOnlyWholeChunks() async throws {
        try await TestCluster.run(wish([false, true])) { cluster in
            let bytes = try cluster.makeFile("in", 300_000)
            try await cluster.client.put("in", as: "f")
            cluster.servers[0].replace("f_0", by: [])
            let got = try await cluster.client.get("f", into: "out")
            #expect(cluster.disk.contents(of: "out/f") == bytes)
            #expect(got.chunks[0].isVerified)
            #expect(cluster.servers[0].record.withLock { $0.downloads.isEmpty })
        }
    }

    @Test func replicasOfOneLengthThatDifferFailTheGet() async throws {
        try await TestCluster.run(wish([false, false])) { cluster in
            var bytes = try cluster.makeFile("in", 300_000)
            try await cluster.client.put("in", as: "f")
            bytes[7] ^= 1
            cluster.servers[1].replace("f_0", by: bytes)
            #expect(await failure { try await cluster.client.get("f", into: "out") }?.code == .dataLoss)
            #expect(cluster.disk.files == ["in"])
        }
    }

    @Test func onlyReplicaLeftIsBelieved() async throws {
        try await TestCluster.run(wish([false, false])) { cluster in
            let bytes = try cluster.makeFile("in", 300_000)
            try await cluster.client.put("in", as: "f")
            cluster.servers[1].faults.withLock { $0.brokenDownloads = 100 }
            let got = try await cluster.client.get("f", into: "out")
            #expect(cluster.disk.contents(of: "out/f") == bytes)
            #expect(!got.chunks[0].isVerified)
        }
    }
}
