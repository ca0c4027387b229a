import DFSClient
import DFSCore
import NIOCore
import Testing

/// Gets that go on with what earlier ones have left.
@Suite(.timeLimit(.minutes(2))) struct ResumeTests {
    /// Puts five chunks as `f`, gets them with the third one broken for good, and heals the servers.
    private func withBrokenGet(_ body: (TestCluster, _ bytes: [UInt8]) async throws -> Void) async throws {
        var wish = TestCluster.Wish(servers: [true], replication: 1)
        (wish.configuration.chunksInFlight, wish.configuration.maxAttempts) = (1, 1)
        try await TestCluster.run(wish) { cluster in
            let bytes = try cluster.makeFile("in", 1_200_000)
            let chunks = try await cluster.client.put("in", as: "f").chunks.map(\.id)
            let third = try #require(cluster.servers[0].contents(of: chunks[2]))
            cluster.servers[0].replace(chunks[2], by: [])
            #expect(
                await failure { try await cluster.client.get("f", into: "out", options: GetOptions(resumes: true)) }
                    != nil)
            cluster.servers[0].replace(chunks[2], by: third)
            cluster.servers[0].record.withLock { $0.downloads = [] }
            try await body(cluster, bytes)
        }
    }

    private func partials(_ cluster: TestCluster) -> [String] {
        cluster.disk.files.filter { $0.hasPrefix("out/.dfs-get-") }
    }

    private func expectWhole(_ cluster: TestCluster, _ bytes: [UInt8]) {
        #expect(cluster.disk.contents(of: "out/f") == bytes)
        #expect(partials(cluster).isEmpty)
    }

    private func downloads(_ cluster: TestCluster) -> Int { cluster.servers[0].record.withLock { $0.downloads.count } }

    @Test func chunksThatHaveComeAreNotFetchedAgain() async throws {
        try await withBrokenGet { cluster, bytes in
            #expect(partials(cluster).count == 1)
            let result = try await cluster.client.get("f", into: "out", options: GetOptions(resumes: true))
            #expect(result.length == bytes.count && result.chunks.allSatisfy(\.isVerified))
            expectWhole(cluster, bytes)
            #expect(downloads(cluster) == 3)
        }
    }

    @Test func bytesThatAreNotThoseOfTheFileAreFetchedAgain() async throws {
        try await withBrokenGet { cluster, bytes in
            let partial = try #require(partials(cluster).first)
            try cluster.disk.open(partial, .continuing).write([ByteBuffer(bytes: [bytes[7] ^ 1])], at: 7)
            try await cluster.client.get("f", into: "out", options: GetOptions(resumes: true))
            expectWhole(cluster, bytes)
            #expect(downloads(cluster) == 4)
        }
    }

    @Test func aPartialFileThatIsTooLongIsNotGoneOnWith() async throws {
        try await withBrokenGet { cluster, bytes in
            let partial = try #require(partials(cluster).first)
            try cluster.disk.open(partial, .continuing).write([ByteBuffer(bytes: [1])], at: Int64(bytes.count))
            try await cluster.client.get("f", into: "out", options: GetOptions(resumes: true))
            expectWhole(cluster, bytes)
        }
    }

    @Test func whatIsLeftOfAFileThatWasReplacedIsRemoved() async throws {
        try await withBrokenGet { cluster, _ in
            cluster.master.state.withLock { $0.files["f"] = nil }
            let bytes = try cluster.makeFile("in2", 1_200_001)
            try await cluster.client.put("in2", as: "g")
            cluster.master.state.withLock { $0.files["f"] = $0.files["g"] }
            cluster.servers[0].record.withLock { $0.downloads = [] }
            try await cluster.client.get("f", into: "out", options: GetOptions(resumes: true))
            expectWhole(cluster, bytes)
            #expect(downloads(cluster) == 5)
        }
    }

    @Test func aGetBesideTheOneThatHoldsThePartialFileGoesItsOwnWay() async throws {
        try await withBrokenGet { cluster, bytes in
            let partial = try #require(partials(cluster).first)
            let lock = try #require(try cluster.disk.lock(partial))
            try await cluster.client.get("f", into: "out", options: GetOptions(resumes: true))
            withExtendedLifetime(lock) {}
            #expect(cluster.disk.contents(of: "out/f") == bytes)
            #expect(partials(cluster) == [partial] && downloads(cluster) == 5)
        }
    }

    @Test func aGetThatDoesNotResumeLeavesNothingAndTakesNothing() async throws {
        try await withBrokenGet { cluster, bytes in
            let left = partials(cluster)
            cluster.servers[0].faults.withLock { $0.brokenDownloads = 100 }
            #expect(await failure { try await cluster.client.get("f", into: "out") } != nil)
            #expect(partials(cluster) == left)
            cluster.servers[0].faults.withLock { $0.brokenDownloads = 0 }
            cluster.servers[0].record.withLock { $0.downloads = [] }
            try await cluster.client.get("f", into: "out")
            #expect(cluster.disk.contents(of: "out/f") == bytes && downloads(cluster) == 5)
        }
    }
}
