import DFSClient
import DFSCore
import DFSWire
import Testing

/// Puts that go on with what earlier ones have stored.
@Suite(.timeLimit(.minutes(2))) struct ResumedPutTests {
    private let options = PutOptions(forwardsChunks: false, resumeKeep: .seconds(60))

    /// Puts five chunks as `f`, of which the third one is refused by all servers, and heals them.
    private func withBrokenPut(_ body: (TestCluster, _ bytes: [UInt8]) async throws -> Void) async throws {
        var wish = TestCluster.Wish()
        (wish.configuration.chunksInFlight, wish.configuration.maxAttempts) = (1, 1)
        try await TestCluster.run(wish) { cluster in
            let bytes = try cluster.makeFile("in", 1_200_000)
            for server in cluster.servers { server.faults.withLock { $0.uploadLimit = 2 } }
            #expect(await failure { try await cluster.client.put("in", as: "f", options: options) } != nil)
            #expect(cluster.master.state.withLock { $0.abandoned }.isEmpty, "it is kept")
            for server in cluster.servers {
                server.faults.withLock { $0.uploadLimit = .max }
                server.record.withLock { $0.uploads = [] }
            }
            try cluster.noteStored("f", bytes)
            try await body(cluster, bytes)
        }
    }

    private func uploads(_ cluster: TestCluster) -> [Int] {
        cluster.servers.map { $0.record.withLock { $0.uploads.count } }
    }

    @Test func chunksThatAreStoredAreNotSentAgain() async throws {
        try await withBrokenPut { cluster, bytes in
            let result = try await cluster.client.put("in", as: "f", options: options)
            #expect(uploads(cluster) == [3, 3])
            #expect((result.resumedChunkCount, result.resumedLength) == (2, 2 * 262_144))
            #expect(result.length == bytes.count && result.chunks.count == 5)
            #expect(result.chunks.allSatisfy { $0.durableOn.count == 2 })
            #expect(cluster.replicasHold(bytes, result))
            try await cluster.client.get("f", into: "out")
            #expect(cluster.disk.contents(of: "out/f") == bytes)
        }
    }

    @Test func aChunkThatOneServerLacksIsSentToThatOneOnly() async throws {
        try await withBrokenPut { cluster, bytes in
            let first = cluster.addresses[0]
            cluster.master.state.withLock { $0.files["f"]?.stored[1]?.servers = [first] }
            let result = try await cluster.client.put("in", as: "f", options: options)
            #expect(uploads(cluster) == [3, 4])
            #expect(result.resumedChunkCount == 1)
            #expect(cluster.replicasHold(bytes, result))
        }
    }

    @Test(arguments: [1_200_001, 300_000])
    func aFileOfAnotherLengthThatDisagreesIsStartedOver(_ size: Int) async throws {
        try await withBrokenPut { cluster, _ in
            if size > 1_200_000 {
                // The last chunk was stored shorter than it is by now.
                cluster.master.state.withLock { state in
                    let digest = ChunkDigest(chunkID: "id.f_2", length: 100, crc32c: 1)
                    state.files["f"]?.stored[2] = OpenChunk(digest: digest, digestKnown: true, servers: [])
                }
            }
            let bytes = try cluster.makeFile("in", size)
            let result = try await cluster.client.put("in", as: "f", options: options)
            #expect(cluster.master.state.withLock { $0.abandoned } == ["upload of f"])
            #expect(result.resumedChunkCount == 0)
            #expect(result.length == bytes.count)
        }
    }

    @Test func aFileWithOtherBytesIsStartedOver() async throws {
        try await withBrokenPut { cluster, bytes in
            cluster.master.state.withLock { $0.files["f"]?.stored[1]?.digest.crc32c ^= 1 }
            let result = try await cluster.client.put("in", as: "f", options: options)
            #expect(cluster.master.state.withLock { $0.abandoned } == ["upload of f"])
            #expect(uploads(cluster) == [5, 5])
            #expect(result.resumedLength == 0 && result.length == bytes.count)
        }
    }

    @Test func serversThatAMasterWhichStartedHasNotHeardOfAreWaitedFor() async throws {
        try await withBrokenPut { cluster, bytes in
            cluster.master.state.withLock { $0.growingAnswers = 2 }
            let result = try await cluster.client.put("in", as: "f", options: options)
            #expect(uploads(cluster) == [3, 3])
            #expect(cluster.replicasHold(bytes, result))
        }
    }

    @Test func aPutThatHadEndedIsNotDoneAgain() async throws {
        try await withBrokenPut { cluster, bytes in
            let first = try await cluster.client.put("in", as: "f", options: options)
            let sent = uploads(cluster)
            let again = try await cluster.client.put("in", as: "f", options: options)
            #expect(uploads(cluster) == sent)
            #expect(again.chunks.map(\.id) == first.chunks.map(\.id))
            #expect(again.chunks.allSatisfy { $0.durableOn.count == 2 })
            #expect(again.resumedLength == bytes.count)
            _ = try cluster.makeFile("in", 1_200_000 - 1)
            let other = await failure { try await cluster.client.put("in", as: "f", options: options) }
            #expect(other?.code == .alreadyExists)
        }
    }

    /// The file that is there was put with other wishes, has changed while it was read, or is on too few servers now.
    @Test func aPutThatHadEndedIsNotTakenForOneThatAsksForMore() async throws {
        try await withBrokenPut { cluster, _ in
            try await cluster.client.put("in", as: "f", options: options)
            func code(_ change: (inout PutOptions) throws -> Void) async throws -> DFSError.Code? {
                var other = options
                try change(&other)
                return await failure { try await cluster.client.put("in", as: "f", options: other) }?.code
            }
            #expect(try await code { $0.attributes = try FileAttributes([("year", "2026")]) } == .alreadyExists)
            #expect(try await code { $0.replication = 3 } == .alreadyExists)
            #expect(try await code { $0.replication = 2 } == nil)
            cluster.master.state.withLock { $0.files["f"]?.chunks[4]?.servers = [cluster.addresses[0]] }
            #expect(try await code { _ in } == .unavailable)
            #expect(try await code { $0.requiredReplicas = 1 } == nil)
        }
    }

    /// A server that is away promises nothing, and is no reason to call the name taken.
    @Test func aPutThatHadEndedIsFoundDoneWhereAServerIsAway() async throws {
        try await withBrokenPut { cluster, bytes in
            let first = try await cluster.client.put("in", as: "f", options: options)
            cluster.master.state.withLock { state in
                for index in 0..<5 { state.files["f"]?.chunks[index]?.servers = [cluster.addresses[0], "127.0.0.1:1"] }
            }
            let again = try await cluster.client.put("in", as: "f", options: options)
            #expect(again.chunks.map(\.id) == first.chunks.map(\.id))
            #expect(again.chunks.allSatisfy { $0.durableOn == [cluster.addresses[0]] })
            #expect(again.chunks.allSatisfy { $0.syncedUnverifiedOn == ["127.0.0.1:1"] })
        }
    }

    @Test func aFileThatCannotBeComparedNowIsNotCalledAnother() async throws {
        var wish = TestCluster.Wish()
        wish.configuration.masterLimit = .seconds(2)
        try await TestCluster.run(wish) { cluster in
            _ = try cluster.makeFile("in", 1000)
            _ = try await cluster.client.put("in", as: "f", options: options)
            cluster.master.state.withLock { $0.isSilent = true }
            let error = await failure { try await cluster.client.put("in", as: "f", options: options) }
            #expect(error?.code == .deadlineExceeded)
        }
    }

    @Test func aGoMasterKeepsNothing() async throws {
        try await TestCluster.run(.init(isMasterSwift: false)) { cluster in
            _ = try cluster.makeFile("in", 1000)
            let error = await failure { try await cluster.client.put("in", as: "f", options: options) }
            #expect(error?.code == .unimplemented)
        }
    }

    @Test func aTimeThatIsNoneIsRefused() async throws {
        try await TestCluster.run { cluster in
            _ = try cluster.makeFile("in", 1000)
            let error = await failure {
                try await cluster.client.put("in", as: "f", options: PutOptions(resumeKeep: .milliseconds(10)))
            }
            #expect(error?.code == .invalidArgument)
        }
    }
}

extension TestCluster {
    /// Has the master know the chunks of `name` that both servers hold.
    fileprivate func noteStored(_ name: String, _ bytes: [UInt8]) throws {
        let chunks = master.state.withLock { $0.files[name]?.chunks ?? [:] }
        for (index, chunk) in chunks where servers.allSatisfy({ $0.contents(of: chunk.id) != nil }) {
            let part = Array(bytes[index * 262_144..<min(bytes.count, (index + 1) * 262_144)])
            var sum = CRC32C()
            part.withUnsafeBytes { sum.update($0) }
            let digest = ChunkDigest(chunkID: chunk.id, length: UInt64(part.count), crc32c: sum.value)
            master.state.withLock {
                $0.files[name]?.stored[index] = OpenChunk(digest: digest, digestKnown: true, servers: addresses)
            }
        }
    }
}
