import DFSClient
import DFSCore
import Glibc
import Synchronization
import Testing

/// Puts from and reads to open descriptors.
@Suite(.timeLimit(.minutes(2))) struct StreamTests {
    /// What ``DFSClient/read(_:to:named:)`` writes, and what it fails with.
    private func read(_ cluster: TestCluster, _ name: String) async -> (bytes: [UInt8], error: DFSError?) {
        let pipe = Pipe()
        let received = pipe.receive()
        let error = await failure { try await cluster.client.read(name, to: pipe.write) }
        pipe.closeWrite()
        return (await received.value, error)
    }

    private func putFromPipe(_ cluster: TestCluster, _ bytes: [UInt8]) async throws -> PutResult {
        try cluster.disk.makeFolder("tmp")
        let pipe = Pipe()
        let sent = pipe.send(bytes)
        let result = try await cluster.client.put(from: pipe.read, as: "f")
        await sent.value
        return result
    }

    private var wish: TestCluster.Wish {
        var wish = TestCluster.Wish()
        wish.configuration.temporaryFolder = "tmp"
        return wish
    }

    @Test(arguments: [0, 1, 262_143, 262_144, 262_145, 1_500_000])
    func whatComesThroughAPipeIsStoredAndGoesOutThroughOne(_ size: Int) async throws {
        try await TestCluster.run(wish) { cluster in
            let bytes = try cluster.makeFile("in", size)
            let result = try await putFromPipe(cluster, bytes)
            #expect(result.length == size && result.chunks.count == max(1, (size + 262_143) / 262_144))
            #expect(cluster.replicasHold(bytes, result))
            let (read, error) = await read(cluster, "f")
            #expect(error == nil && read == bytes)
        }
    }

    @Test func aChunkOfAPipeIsSentAgainWhereAServerFails() async throws {
        var wish = wish
        wish.servers = [true, true, true]
        try await TestCluster.run(wish) { cluster in
            cluster.servers[1].faults.withLock { ($0.refusedUploads, $0.refuseAfter) = (2, 100_000) }
            let bytes = try cluster.makeFile("in", 900_000)
            let result = try await putFromPipe(cluster, bytes)
            #expect(result.chunks.allSatisfy { $0.durableOn.count == 2 })
            #expect(cluster.replicasHold(bytes, result))
        }
    }

    /// `tail -f` may be at one chunk for hours.
    @Test func aPutThatHasNothingElseToAskTellsTheMasterThatItIsAtWork() async throws {
        var wish = wish
        wish.configuration.renewalInterval = .milliseconds(20)
        try await TestCluster.run(wish) { cluster in
            try cluster.disk.makeFolder("tmp")
            let bytes = try cluster.makeFile("in", 200_000)
            let pipe = Pipe()
            await pipe.send(Array(bytes.prefix(50_000)), closing: false).value
            let put = Task { try await cluster.client.put(from: pipe.read, as: "f") }
            while cluster.master.state.withLock({ $0.renewed.count }) < 3 {
                try await Task.sleep(for: .milliseconds(1))
            }
            let upload = cluster.master.state.withLock { $0.files["f"]?.uploadID }
            await pipe.send(Array(bytes.dropFirst(50_000))).value
            #expect(cluster.replicasHold(bytes, try await put.value))
            #expect(cluster.master.state.withLock { Set($0.renewed) } == [upload])
        }
    }

    @Test func anUploadThatTheMasterHasGivenUpIsNoMissingFile() async throws {
        try await TestCluster.run(wish) { cluster in
            try cluster.disk.makeFolder("tmp")
            let pipe = Pipe()
            await pipe.send([1, 2, 3], closing: false).value
            let put = Task { try await cluster.client.put(from: pipe.read, as: "f") }
            while cluster.master.state.withLock({ $0.files.removeValue(forKey: "f") }) == nil {
                try await Task.sleep(for: .milliseconds(1))
            }
            pipe.closeWrite()
            let error = await failure { _ = try await put.value }
            #expect(error?.code == .unavailable, "\(error?.message ?? "")")
        }
    }

    @Test func aPutFromAPipeThatIsCancelledLeavesNothing() async throws {
        try await TestCluster.run(wish) { cluster in
            try cluster.disk.makeFolder("tmp")
            let pipe = Pipe()
            let sent = pipe.send([UInt8](repeating: 7, count: 300_000), closing: false)
            let put = Task { try await cluster.client.put(from: pipe.read, as: "f") }
            while cluster.servers[0].chunkIDs.isEmpty { try await Task.sleep(for: .milliseconds(1)) }
            await sent.value
            put.cancel()
            let error = await failure { _ = try await put.value }
            #expect(error?.code == .cancelled)
            #expect(cluster.master.state.withLock { $0.files.isEmpty })
        }
    }

    @Test(
        arguments: [
            \TestChunkServer.Faults.truncatedDownloads, \.brokenDownloads, \.stalledDownloads,
        ] as [WritableKeyPath<TestChunkServer.Faults, Int> & Sendable], [true, false])
    func anotherReplicaGoesOnAtTheByteReached(
        _ fault: WritableKeyPath<TestChunkServer.Faults, Int> & Sendable, _ isSwift: Bool
    ) async throws {
        try await TestCluster.run(.init(servers: [isSwift, isSwift])) { cluster in
            let bytes = try cluster.makeFile("in", 600_000)
            try await cluster.client.put("in", as: "f")
            cluster.servers[0].faults.withLock { $0[keyPath: fault] = 100 }
            let (read, error) = await read(cluster, "f")
            #expect(error == nil && read == bytes)
            guard isSwift else { return }
            #expect(cluster.servers[1].record.withLock { $0.downloads.contains { $0.offset > 0 } })
        }
    }

    @Test func wrongBytesOfAGoServerAreNotPassedOn() async throws {
        try await TestCluster.run(.init(servers: [false, false])) { cluster in
            let bytes = try cluster.makeFile("in", 600_000)
            try await cluster.client.put("in", as: "f")
            cluster.servers[0].faults.withLock { $0.corruptedDownloads = 100 }
            let (read, error) = await read(cluster, "f")
            #expect(error == nil && read == bytes)
        }
    }

    @Test func wrongBytesThatNoMessageShowsEndTheRead() async throws {
        try await TestCluster.run { cluster in
            let bytes = try cluster.makeFile("in", 600_000)
            try await cluster.client.put("in", as: "f")
            for server in cluster.servers { server.faults.withLock { $0.corruptedDownloads = 100 } }
            let (read, error) = await read(cluster, "f")
            #expect(error?.code == .dataLoss)
            #expect(read.count <= 262_144 && read.count <= bytes.count, "nothing is written twice")
        }
    }

    @Test func underAGoMasterTheLongestReplicaIsPassedOn() async throws {
        try await TestCluster.run(.init(isMasterSwift: false, servers: [false, false])) { cluster in
            let bytes = try cluster.makeFile("in", 300_000)
            let result = try await cluster.client.put("in", as: "f")
            let last = try #require(result.chunks.last)
            let whole = try #require(cluster.servers[0].contents(of: last.id))
            cluster.servers[0].replace(last.id, by: Array(whole[..<100]))
            let (read, error) = await read(cluster, "f")
            #expect(error == nil && read == bytes)
        }
    }

    @Test func aReaderThatGoesAwayEndsTheRead() async throws {
        signal(SIGPIPE, SIG_IGN)
        try await TestCluster.run { cluster in
            _ = try cluster.makeFile("in", 600_000)
            try await cluster.client.put("in", as: "f")
            var ends: [Int32] = [0, 0]
            #expect(pipe(&ends) == 0)
            close(ends[0])
            defer { close(ends[1]) }
            let error = await failure { [ends] in try await cluster.client.read("f", to: ends[1]) }
            #expect(error?.code == .cancelled)
        }
    }
}
