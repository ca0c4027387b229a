import DFSClient
import DFSCore
import DFSSimulation
import NIOCore
import Testing

@Suite(.timeLimit(.minutes(2))) struct GetTests {
    /// Puts a file of 600,000 bytes (three chunks), lets `prepare` break something, and gets it.
    private func putAndGet(
        _ wish: TestCluster.Wish = .init(), breaking prepare: (TestCluster) -> Void = { _ in },
        _ check: (TestCluster, _ bytes: [UInt8]) async throws -> Void
    ) async throws {
        try await TestCluster.run(wish) { cluster in
            let bytes = try cluster.makeFile("in", 600_000)
            try await cluster.client.put("in", as: "f")
            prepare(cluster)
            try await check(cluster, bytes)
        }
    }

    private func expectWhole(_ cluster: TestCluster, _ bytes: [UInt8]) async throws {
        try await cluster.client.get("f", into: "out")
        #expect(cluster.disk.contents(of: "out/f") == bytes)
        #expect(cluster.disk.files == ["in", "out/f"])
    }

    @Test(
        arguments: [
            \TestChunkServer.Faults.truncatedDownloads, \.brokenDownloads, \.stalledDownloads,
        ] as [WritableKeyPath<TestChunkServer.Faults, Int> & Sendable], [true, false])
    func anotherReplicaGoesOnInMidChunk(
        _ fault: WritableKeyPath<TestChunkServer.Faults, Int> & Sendable, _ isSwift: Bool
    ) async throws {
        let prepare = { (cluster: TestCluster) in
            cluster.servers[0].faults.withLock { $0[keyPath: fault] = 100 }
        }
        try await putAndGet(.init(servers: [isSwift, isSwift]), breaking: prepare) { cluster, bytes in
            try await expectWhole(cluster, bytes)
            guard isSwift else { return }
            // Not from the start again: half of the chunk was there.
            #expect(cluster.servers[1].record.withLock { $0.downloads.contains { $0.offset > 0 } })
        }
    }

    @Test func replicaOfAnotherLengthIsNotRead() async throws {
        let prepare = { (cluster: TestCluster) in
            cluster.servers[0].faults.withLock { $0.mislabelledDownloads = 100 }
        }
        try await putAndGet(breaking: prepare) { cluster, bytes in try await expectWhole(cluster, bytes) }
    }

    @Test(arguments: [true, false])
    func corruptedReplicaIsReadAnewFromAnother(_ isSwift: Bool) async throws {
        let prepare = { (cluster: TestCluster) in
            cluster.servers[0].faults.withLock { $0.corruptedDownloads = 100 }
        }
        try await putAndGet(.init(servers: [isSwift, isSwift]), breaking: prepare) { cluster, bytes in
            try await expectWhole(cluster, bytes)
        }
    }

    /// Of a file that is there already, too: what a power loss leaves of a get that has returned.
    @Test(arguments: [true, false], [true, false])
    func whatIsDurableOutlivesAPowerLoss(_ isDurable: Bool, _ replaces: Bool) async throws {
        try await putAndGet { cluster, bytes in
            if replaces {
                try cluster.disk.makeFolder("out")
                let old = try cluster.disk.open("out/f", .creating)
                try old.write([ByteBuffer(string: "old")], at: 0)
                try old.sync()
                try cluster.disk.syncFolder("out")
            }
            try await cluster.client.get("f", into: "out", options: GetOptions(isDurable: isDurable))
            #expect(cluster.disk.contents(of: "out/f") == bytes)
            cluster.disk.restart()
            switch (isDurable, replaces) {
            case (true, _): #expect(cluster.disk.contents(of: "out/f") == bytes)
            // The name is not on the disk, so it is the old file's.
            case (false, true): #expect(cluster.disk.contents(of: "out/f") == Array("old".utf8))
            case (false, false): #expect(cluster.disk.contents(of: "out/f") == nil)
            }
        }
    }

    @Test func aFileIsNotReplacedByOneWhoseBytesAreNotOnDisk() async throws {
        try await putAndGet { cluster, bytes in
            try cluster.disk.makeFolder("out")
            try cluster.disk.open("out/f", .creating).write([ByteBuffer(string: "old")], at: 0)
            try await cluster.client.get("f", into: "out", options: GetOptions(isDurable: false))
            // As a file system may do it at any time.
            try cluster.disk.syncFolder("out")
            cluster.disk.restart()
            #expect(cluster.disk.contents(of: "out/f") == bytes)
        }
    }

    @Test func corruptionEverywhereFailsAndLeavesWhatWasThere() async throws {
        var wish = TestCluster.Wish()
        wish.configuration.maxAttempts = 2
        let prepare = { (cluster: TestCluster) in
            for server in cluster.servers { server.faults.withLock { $0.corruptedDownloads = 100 } }
        }
        try await putAndGet(wish, breaking: prepare) { cluster, _ in
            try cluster.disk.makeFolder("out")
            try cluster.disk.open("out/f", .creating).write([ByteBuffer(string: "old")], at: 0)
            #expect(await failure { try await cluster.client.get("f", into: "out") }?.code == .dataLoss)
            #expect(cluster.disk.contents(of: "out/f") == Array("old".utf8))
            #expect(cluster.disk.files == ["in", "out/f"])
        }
    }

    @Test func chunkThatComesBackLaterIsWaitedFor() async throws {
        let prepare = { (cluster: TestCluster) in
            for server in cluster.servers { server.faults.withLock { $0.brokenDownloads = 3 } }
        }
        try await putAndGet(breaking: prepare) { cluster, bytes in try await expectWhole(cluster, bytes) }
    }

    @Test func unknownDigestsAreLearntFromSwiftServers() async throws {
        let prepare = { (cluster: TestCluster) in
            cluster.master.state.withLock { $0.tellsDigests = false }
            cluster.servers[0].faults.withLock { $0.truncatedDownloads = 100 }
        }
        try await putAndGet(breaking: prepare) { cluster, bytes in
            try await expectWhole(cluster, bytes)
            #expect(try await cluster.client.stat("f").length == nil)
        }
    }

    @Test func existingFileIsReplaced() async throws {
        try await putAndGet { cluster, bytes in
            try cluster.disk.makeFolder("out")
            try cluster.disk.open("out/f", .creating).write([ByteBuffer(string: "old")], at: 0)
            try await expectWhole(cluster, bytes)
            try await expectWhole(cluster, bytes)
        }
    }

    @Test func folderInTheWayIsRefused() async throws {
        try await putAndGet { cluster, _ in
            try cluster.disk.makeFolder("out/f")
            #expect(await failure { try await cluster.client.get("f", into: "out") }?.code == .invalidArgument)
            #expect(cluster.disk.files == ["in"])
        }
    }

    @Test func unknownFileLeavesNoFolderBehind() async throws {
        try await TestCluster.run { cluster in
            #expect(await failure { try await cluster.client.get("a/b", into: "out") }?.code == .notFound)
            #expect(cluster.isAbsent("out"))
        }
    }

    /// The n-th call of the disk fails, for every n of a get.
    @Test(arguments: [SimulatedDisk.Fault.failOnce, .fullOnce])
    func diskFaultAnywhereLeavesNothingBehind(_ fault: SimulatedDisk.Fault) async throws {
        try await TestCluster.run { cluster in
            let bytes = try cluster.makeFile("in", 600_000)
            try await cluster.client.put("in", as: "dir/f")
            var number = 1
            while true {
                cluster.disk.strike(fault, atCall: number)
                let error = await failure { try await cluster.client.get("dir/f", into: "out") }
                guard cluster.disk.calmDown() else { break }
                #expect(error != nil, "call \(number)")
                if cluster.disk.contents(of: "out/dir/f") != nil {
                    // Only the last step, which makes the name durable, comes after the file is in place.
                    #expect(cluster.disk.contents(of: "out/dir/f") == bytes)
                    #expect(cluster.disk.files == ["in", "out/dir/f"])
                    _ = try cluster.disk.remove("out/dir/f")
                    try cluster.disk.removeFolder("out/dir")
                    try cluster.disk.removeFolder("out")
                } else {
                    #expect(cluster.disk.files == ["in"], "call \(number)")
                    #expect(cluster.isAbsent("out"), "call \(number)")
                }
                number += 1
            }
            #expect(number > 10)
            #expect(cluster.disk.contents(of: "out/dir/f") == bytes)
        }
    }

    @Test func wholeFileIsDurableWhenGetReturns() async throws {
        try await putAndGet { cluster, bytes in
            try await cluster.client.get("f", into: "out")
            cluster.disk.restart()
            #expect(cluster.disk.contents(of: "out/f") == bytes)
        }
    }

    @Test func cancelledGetLeavesNothingBehind() async throws {
        var wish = TestCluster.Wish()
        wish.configuration.stallLimit = .seconds(60)
        let prepare = { (cluster: TestCluster) in
            for server in cluster.servers { server.faults.withLock { $0.stalledDownloads = 100 } }
        }
        try await putAndGet(wish, breaking: prepare) { cluster, _ in
            let get = Task { try await cluster.client.get("f", into: "out") }
            while cluster.servers.allSatisfy({ $0.record.withLock { $0.downloads.isEmpty } }) { await Task.yield() }
            get.cancel()
            #expect(await failure { _ = try await get.value }?.code == .cancelled)
            #expect(cluster.disk.files == ["in"])
            #expect(cluster.isAbsent("out"))
        }
    }

    /// The master's order, which has the nearest first and those that are leaving or doubtful last.
    @Test func theServerThatTheMasterNamesFirstIsAsked() async throws {
        try await TestCluster.run { cluster in
            let bytes = try cluster.makeFile("in", 900_000)
            try await cluster.client.put("in", as: "f")
            cluster.master.state.withLock { state in
                for index in 0..<4 { state.files["f"]?.chunks[index]?.servers = cluster.addresses }
            }
            try await cluster.client.get("f", into: "out")
            #expect(cluster.disk.contents(of: "out/f") == bytes)
            #expect(cluster.servers.map { $0.record.withLock { $0.downloads.count } } == [4, 0])
        }
    }
}
