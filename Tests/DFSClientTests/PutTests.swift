import DFSClient
import DFSCore
import DFSFiles
import DFSServices
import NIOCore
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(2))) struct PutTests {
    /// Around the edges of buffers (64 KiB) and chunks (256 KiB).
    @Test(arguments: [0, 1, 65_535, 65_536, 65_537, 262_143, 262_144, 262_145, 900_000])
    func fileOfAnySizeReachesAllReplicasAndComesBack(_ size: Int) async throws {
        try await TestCluster.run { cluster in
            let bytes = try cluster.makeFile("in", size)
            let result = try await cluster.client.put("in", as: "dir/f")
            #expect(result.length == size && result.chunks.count == max(1, (size + 262_143) / 262_144))
            #expect(result.chunks.allSatisfy { $0.durableOn.count == 2 && $0.syncedUnverifiedOn.isEmpty })
            #expect(cluster.replicasHold(bytes, result))
            let got = try await cluster.client.get("dir/f", into: "out")
            #expect(got.length == size && got.chunks.allSatisfy(\.isVerified))
            #expect(cluster.disk.contents(of: "out/dir/f") == bytes)
            #expect(cluster.disk.files == ["in", "out/dir/f"])
        }
    }

    @Test func statTellsWhatWasPut() async throws {
        try await TestCluster.run { cluster in
            _ = try cluster.makeFile("in", 300_000)
            let result = try await cluster.client.put("in", as: "f")
            let layout = try await cluster.client.stat("f")
            #expect(layout.length == 300_000 && layout.chunkSize == 256 << 10)
            #expect(layout.chunks.map(\.id) == result.chunks.map(\.id))
            #expect(layout.chunks.map(\.crc32c) == result.chunks.map(\.crc32c))
            #expect(layout.chunks.map(\.length) == [262_144, 37_856])
            #expect(layout.chunks.allSatisfy { Set($0.servers) == Set(cluster.addresses) })
        }
    }

    @Test func progressEndsAtTheWholeFile() async throws {
        try await TestCluster.run { cluster in
            _ = try cluster.makeFile("in", 900_000)
            let seen = Mutex<[TransferProgress]>([])
            let record: ProgressHandler = { progress in seen.withLock { $0.append(progress) } }
            try await cluster.client.put("in", as: "f", onProgress: record)
            #expect(seen.withLock { $0.last } == TransferProgress(byteCount: 900_000, totalByteCount: 900_000))
            seen.withLock { $0 = [] }
            try await cluster.client.get("f", into: "out", onProgress: record)
            #expect(seen.withLock { $0.last } == TransferProgress(byteCount: 900_000, totalByteCount: 900_000))
        }
    }

    @Test func failedReplicaIsReplacedByAnotherServer() async throws {
        try await TestCluster.run(.init(servers: [true, true, true])) { cluster in
            cluster.servers[1].faults.withLock { ($0.refusedUploads, $0.refuseAfter) = (1, 100_000) }
            let bytes = try cluster.makeFile("in", 200_000)
            let result = try await cluster.client.put("in", as: "f")
            #expect(result.chunks[0].durableOn == [cluster.addresses[0], cluster.addresses[2]])
            #expect(cluster.replicasHold(bytes, result))
            #expect(cluster.master.state.withLock { $0.excluded } == [[], [cluster.addresses[1]]])
            // The replica that was good the first time is not sent again.
            #expect(cluster.servers[0].record.withLock { $0.uploads.count } == 1)
        }
    }

    @Test func onlyServersAreAskedAgainWhereThereAreNoOthers() async throws {
        try await TestCluster.run { cluster in
            cluster.servers[0].faults.withLock { $0.refusedUploads = 1 }
            let bytes = try cluster.makeFile("in", 200_000)
            let result = try await cluster.client.put("in", as: "f")
            #expect(result.chunks[0].durableOn.count == 2)
            #expect(cluster.replicasHold(bytes, result))
        }
    }

    @Test func stalledServerIsReplaced() async throws {
        try await TestCluster.run(.init(servers: [true, true, true], chunkSize: 32 << 20)) { cluster in
            cluster.servers[0].faults.withLock { $0.stalledUploads = 1 }
            let bytes = try cluster.makeFile("in", 20 << 20)
            let result = try await cluster.client.put("in", as: "f")
            #expect(Set(result.chunks[0].durableOn) == Set(cluster.addresses[1...2]))
            #expect(cluster.replicasHold(bytes, result))
        }
    }

    @Test func slowestReplicaBoundsWhatIsReadAhead() async throws {
        var wish = TestCluster.Wish(chunkSize: 64 << 20)
        wish.configuration.stallLimit = .seconds(100)
        try await TestCluster.run(wish) { cluster in
            cluster.servers[0].faults.withLock { $0.stalledUploads = 1 }
            _ = try cluster.makeFile("in", 40 << 20)
            let read = Mutex(0)
            let put = Task {
                try await cluster.client.put("in", as: "f") { progress in read.withLock { $0 = progress.byteCount } }
            }
            // It has come to a stop when it has moved and then not moved for a while.
            var seen = 0
            while seen == 0 || seen != read.withLock({ $0 }) {
                seen = read.withLock { $0 }
                try await Task.sleep(for: .milliseconds(500))
            }
            // The feed's share of the buffers, the stream's window and what the sockets hold; not the file.
            #expect(seen < 24 << 20)
            put.cancel()
            _ = try? await put.value
        }
    }

    @Test func fewerReplicasAreEnoughWhereTheCallerSaysSo() async throws {
        try await TestCluster.run { cluster in
            cluster.servers[0].faults.withLock { $0.refusedUploads = 100 }
            _ = try cluster.makeFile("in", 200_000)
            let result = try await cluster.client.put("in", as: "f", options: PutOptions(requiredReplicas: 1))
            #expect(result.chunks[0].durableOn == [cluster.addresses[1]])
        }
    }

    @Test func failedPutGivesTheNameBack() async throws {
        var wish = TestCluster.Wish()
        wish.configuration.maxAttempts = 2
        try await TestCluster.run(wish) { cluster in
            for server in cluster.servers { server.faults.withLock { $0.refusedUploads = 100 } }
            _ = try cluster.makeFile("in", 900_000)
            let error = await failure { try await cluster.client.put("in", as: "f") }
            #expect(error?.code == .unavailable)
            #expect(error?.message.contains("disk full") == true)
            #expect(cluster.master.state.withLock { $0.abandoned } == ["upload of f"])
            #expect(await failure { _ = try await cluster.client.stat("f") }?.code == .notFound)
            for server in cluster.servers { server.faults.withLock { $0.refusedUploads = 0 } }
            try await cluster.client.put("in", as: "f")
        }
    }

    @Test func cancelledPutGivesTheNameBack() async throws {
        var wish = TestCluster.Wish(chunkSize: 32 << 20)
        wish.configuration.stallLimit = .seconds(60)
        try await TestCluster.run(wish) { cluster in
            cluster.servers[0].faults.withLock { $0.stalledUploads = 1 }
            _ = try cluster.makeFile("in", 20 << 20)
            let put = Task { try await cluster.client.put("in", as: "f") }
            while cluster.servers[0].record.withLock({ $0.uploads.isEmpty }) { await Task.yield() }
            put.cancel()
            #expect(await failure { _ = try await put.value }?.code == .cancelled)
            #expect(cluster.master.state.withLock { $0.abandoned } == ["upload of f"])
        }
    }

    @Test func existingNameIsRefused() async throws {
        try await TestCluster.run { cluster in
            _ = try cluster.makeFile("in", 10)
            try await cluster.client.put("in", as: "f")
            let before = cluster.servers[0].record.withLock { $0.uploads.count }
            #expect(await failure { try await cluster.client.put("in", as: "f") }?.code == .alreadyExists)
            #expect(cluster.servers[0].record.withLock { $0.uploads.count } == before)
        }
    }

    @Test func tooFewServersMakeThePutUnavailable() async throws {
        try await TestCluster.run(.init(servers: [true])) { cluster in
            _ = try cluster.makeFile("in", 10)
            let error = await failure { try await cluster.client.put("in", as: "f") }
            #expect(error?.code == .unavailable)
            #expect(error?.message.contains("too few chunk servers") == true)
            #expect(cluster.master.state.withLock { $0.files.isEmpty })
        }
    }

    @Test(arguments: ["", "..", "a/../b", "/a", "a\0b", "a//b"])
    func unusableNameIsRefusedBeforeAnythingIsAsked(_ name: String) async throws {
        try await TestCluster.run { cluster in
            _ = try cluster.makeFile("in", 10)
            #expect(await failure { try await cluster.client.put("in", as: name) }?.code == .invalidArgument)
            #expect(cluster.master.state.withLock { $0.files.isEmpty })
        }
    }

    @Test func missingFileAndFolderAreRefusedBeforeAnythingIsAsked() async throws {
        try await TestCluster.run { cluster in
            try cluster.disk.makeFolder("folder")
            #expect(await failure { try await cluster.client.put("none", as: "f") }?.code == .notFound)
            #expect(await failure { try await cluster.client.put("folder", as: "f") }?.code == .invalidArgument)
            #expect(cluster.master.state.withLock { $0.files.isEmpty })
        }
    }

    @Test func diskThatFailsWhileItIsReadFailsThePut() async throws {
        try await TestCluster.run { cluster in
            _ = try cluster.makeFile("in", 900_000)
            cluster.disk.strike(.failOnce, atCall: 9)
            let error = await failure { try await cluster.client.put("in", as: "f") }
            #expect(cluster.disk.hasStruck)
            #expect(error?.message.contains("input/output error") == true)
            #expect(cluster.master.state.withLock { $0.abandoned.count } == 1)
        }
    }

    @Test func masterThatIsAwayForAMomentIsAskedAgain() async throws {
        try await TestCluster.run { cluster in
            let bytes = try cluster.makeFile("in", 600_000)
            cluster.master.state.withLock { $0.unavailableCalls = 2 }
            let result = try await cluster.client.put("in", as: "f")
            #expect(cluster.replicasHold(bytes, result))
        }
    }

    @Test func lostAnswerToCompleteIsFoundOut() async throws {
        try await TestCluster.run { cluster in
            _ = try cluster.makeFile("in", 600_000)
            cluster.master.state.withLock { $0.lostCompletes = 1 }
            try await cluster.client.put("in", as: "f")
            #expect(try await cluster.client.stat("f").length == 600_000)
        }
    }

    @Test(arguments: [0, -1, Int.max, (1 << 40) + 1])
    func absurdChunkSizeOfAMasterIsRefused(_ chunkSize: Int) async throws {
        try await TestCluster.run(.init(chunkSize: chunkSize)) { cluster in
            _ = try cluster.makeFile("in", 10)
            #expect(await failure { try await cluster.client.put("in", as: "f") }?.code == .dataLoss)
        }
    }

    @Test func fileOfTooManyChunksIsRefusedBeforeAnythingIsSent() async throws {
        try await TestCluster.run(.init(chunkSize: 1)) { cluster in
            _ = try cluster.makeFile("in", 200_001)
            let error = await failure { try await cluster.client.put("in", as: "f") }
            #expect(error?.code == .invalidArgument)
            #expect(cluster.servers.allSatisfy { $0.chunkIDs.isEmpty })
            #expect(cluster.master.state.withLock { $0.files.isEmpty })
        }
    }

    /// As where the put was stopped, or the master's disk took too long, when the file was one already.
    @Test(arguments: [true, false], [nil, Duration.seconds(60)])
    func aFileThatIsCompleteIsStoredThoughTheAnswerDidNotCome(isCancelled: Bool, keep: Duration?) async throws {
        var wish = TestCluster.Wish()
        if !isCancelled { wish.configuration.masterLimit = .seconds(3) }
        try await TestCluster.run(wish) { cluster in
            let bytes = try cluster.makeFile("in", 300_000)
            try cluster.disk.makeFolder("kept")
            let options = PutOptions(receipts: try ReceiptLog("kept/receipts", files: cluster.disk), resumeKeep: keep)
            cluster.master.state.withLock { $0.withheldCompletes = 1 }
            let put = Task { try await cluster.client.put("in", as: "f", options: options) }
            while cluster.master.state.withLock({ $0.files["f"]?.isComplete != true }) {
                try await Task.sleep(for: .milliseconds(1))
            }
            if isCancelled { put.cancel() }
            let result = try await put.value
            #expect(result.length == 300_000 && cluster.replicasHold(bytes, result))
            #expect(try await cluster.client.stat("f").chunks.map(\.id) == result.chunks.map(\.id))
            #expect(cluster.disk.contents(of: "kept/receipts")?.isEmpty == false)
        }
    }

    @Test func aFileOfWhichNobodySaysWhetherItIsStoredMayBe() async throws {
        try await TestCluster.run { cluster in
            _ = try cluster.makeFile("in", 1000)
            cluster.master.state.withLock { ($0.withheldCompletes, $0.isSilent) = (1, true) }
            let put = Task { try await cluster.client.put("in", as: "f") }
            while cluster.master.state.withLock({ $0.files["f"]?.isComplete != true }) {
                try await Task.sleep(for: .milliseconds(1))
            }
            put.cancel()
            let error = await failure { _ = try await put.value }
            #expect(error?.code == .cancelled && error?.message.contains("may be stored") == true)
        }
    }

    /// The master would hold its name as long as the connection lives.
    @Test(arguments: [true, false], [nil, Duration.seconds(60)])
    func anUploadThatWasBegunUnheardIsGivenUp(isCancelled: Bool, keep: Duration?) async throws {
        var wish = TestCluster.Wish()
        if !isCancelled { wish.configuration.masterLimit = .seconds(3) }
        try await TestCluster.run(wish) { cluster in
            _ = try cluster.makeFile("in", 1000)
            cluster.master.state.withLock { $0.withheldCreates = 1 }
            let put = Task { try await cluster.client.put("in", as: "f", options: PutOptions(resumeKeep: keep)) }
            while cluster.master.state.withLock({ $0.files["f"] == nil }) {
                try await Task.sleep(for: .milliseconds(1))
            }
            if isCancelled { put.cancel() }
            let error = await failure { _ = try await put.value }
            #expect(error?.code == (isCancelled ? .cancelled : .deadlineExceeded))
            if keep == nil {
                #expect(cluster.master.state.withLock { $0.abandoned } == ["upload of f"])
            } else {
                #expect(cluster.master.state.withLock { $0.files["f"]?.isHeld } == false)
            }
        }
    }

    /// Once a part of it is on its way: bytes behind the end, and others in the place of the first ones. Also when all of it is.
    @Test(
        arguments: [
            (900_000, 900_000, "longer"), (900_000, 0, "changed"), (200_000, 200_000, "longer"),
            (200_000, 0, "changed"),
        ], [1, 200_000])
    func aFileThatChangesWhileItIsPutIsNotStored(
        _ change: (size: Int, offset: Int, word: String), sentByteCount: Int
    ) async throws {
        let (size, offset, word) = change
        try await TestCluster.run { cluster in
            _ = try cluster.makeFile("in", size)
            let file = try cluster.disk.open("in", .continuing)
            let isChanged = Mutex(false)
            let error = await failure {
                try await cluster.client.put("in", as: "f") { progress in
                    let isFirst = isChanged.withLock { isChanged in
                        guard progress.byteCount >= sentByteCount, !isChanged else { return false }
                        isChanged = true
                        return true
                    }
                    if isFirst { try? file.write([ByteBuffer(string: "other")], at: Int64(offset)) }
                }
            }
            #expect(
                error?.code == .failedPrecondition && error?.message.contains(word) == true,
                "\(String(describing: error))")
            #expect(cluster.master.state.withLock { $0.abandoned } == ["upload of f"])
            #expect(cluster.master.state.withLock { $0.files.isEmpty })
        }
    }
}
