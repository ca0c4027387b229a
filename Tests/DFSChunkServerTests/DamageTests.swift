import DFSCore
import DFSFiles
import DFSServices
import DFSSimulation
import DFSWire
import NIOCore
import RPC
import Synchronization
import Testing

@testable import DFSChunkServer

/// Bytes that change on the disk of a chunk server.
@Suite(.timeLimit(.minutes(2))) struct DamageTests {
    private static let size = 3_000_000

    private func rot(_ server: ServerUnderTest, _ name: String, at offset: Int64) throws {
        let file = try PosixFileSystem().open("\(server.folder)/\(name)", .continuing)
        let byte = try file.read(upTo: 1, at: offset).readableBytesView
        try file.write([ByteBuffer(bytes: byte.map { $0 ^ 1 })], at: offset)
    }

    private func reported(_ master: TestMaster, damaged id: String) async {
        await master.events.first { event in
            if case .reported(let report) = event { report.damagedChunks == [id] } else { false }
        }
    }

    private func holdsInQuarantine(_ server: ServerUnderTest, _ name: String) throws -> Bool {
        let files = PosixFileSystem()
        let root = "\(server.folder)/.dfs/quarantine"
        return try files.names(inFolder: root).contains { folder in
            try folder.hasSuffix("-damaged") && files.names(inFolder: "\(root)/\(folder)").contains(name)
        }
    }

    @Test(arguments: [0, 5, 65_536, 1_000_001])
    func aSwiftReaderGetsTheChecksumsFromWhenTheChunkWasWritten(offset: Int) async throws {
        let bytes = content(Self.size)
        try await withServer { server in
            try await server.upload("f_0", bytes, dataSize: 1 << 20)
            let whole = try await server.download("f_0", metadata: [CallMetadata.offset: "\(offset)"])
            #expect(whole.bytes == Array(bytes[offset...]))
            #expect(whole.checksums == whole.computed && !whole.checksums.contains(0))
            // Of blocks that go out as wholes the reader sees the damage, not the server.
            try rot(server, "f_0", at: 2_100_000)
            let rotten = try await server.download("f_0", metadata: [CallMetadata.offset: "\(offset)"])
            #expect(rotten.bytes.count == whole.bytes.count)
            #expect(zip(rotten.checksums, rotten.computed).count { $0 != $1 } == 1)
            #expect(rotten.checksums == whole.checksums)
        }
    }

    @Test func aPartOfADamagedBlockIsNotServed() async throws {
        try await withServer { server in
            try await server.upload("f_0", content(Self.size), dataSize: 1 << 20)
            try rot(server, "f_0", at: 70_000)
            await expect(.dataLoss) {
                _ = try await server.download(
                    "f_0", metadata: [CallMetadata.offset: "66000", CallMetadata.length: "10"])
            }
            // The server has seen it by itself.
            while try !holdsInQuarantine(server, "f_0") { await Task.yield() }
            await expect(.notFound) { _ = try await server.download("f_0") }
        }
    }

    @Test func damageThatASealFindsIsToldToTheMaster() async throws {
        try await withScene(1, chunkSize: 2 << 20) { scene in
            let server = scene.primary
            for seed in 0..<4 { _ = try await server.append(content(500_000, seed: seed)) }
            _ = try await server.fence(2)
            try rot(server, ".dfs/open/f_0", at: 70_000)
            _ = try await server.seal(2, 2_000_000)
            await reported(scene.master, damaged: "f_0")
            #expect(try holdsInQuarantine(server, "f_0"))
        }
    }

    @Test(arguments: [10, 3_000_000])
    func aGoReaderIsGivenNoWrongByteAndTheMasterHearsOfIt(size: Int) async throws {
        let master = try await TestMaster(isSwift: true, group: testGroup)
        try await withServer(masterPort: master.port) { server in
            try await server.upload("f_0", content(size), metadata: [CallMetadata.length: "\(size)"])
            await master.heartbeat(listing: ["f_0"])
            try rot(server, "f_0", at: Int64(size - 1))
            await expect(.dataLoss) { _ = try await server.download("f_0") }
            await reported(master, damaged: "f_0")
            #expect(try server.names() == [])
            #expect(try holdsInQuarantine(server, "f_0"))
            await master.heartbeat(listing: [])
            // There is room for a good copy.
            try await server.upload("f_0", content(size), metadata: [CallMetadata.length: "\(size)"])
            #expect(try await server.download("f_0").bytes == content(size))
        }
        await master.stop()
    }

    @Test func aCheckTellsWhatTheDiskHolds() async throws {
        try await withServer { server in
            try await server.upload("f_0", content(Self.size))
            func check() async throws -> CheckReplicaResponse {
                try await server.peer.unary(
                    Methods.checkReplica, CheckReplicaRequest(chunkID: "f_0"), as: CheckReplicaResponse.self)
            }
            let digest = ChunkDigest(
                chunkID: "f_0", length: UInt64(Self.size), crc32c: CRC32C.of(content(Self.size)))
            #expect(try await check() == CheckReplicaResponse(digest: digest, isSound: true))
            try rot(server, "f_0", at: 0)
            #expect(try await !check().isSound)
            #expect(try server.names() == [])
            do {
                _ = try await check()
                Issue.record("a chunk that is gone was checked")
            } catch {
                #expect((error as? DFSError)?.code == .notFound)
            }
        }
    }

    @Test func aDamagedChunkIsNotCopied() async throws {
        let master = try await TestMaster(isSwift: true, group: testGroup)
        try await withServer { target in
            try await withServer(masterPort: master.port) { server in
                for name in ["bad_0", "good_0"] {
                    try await server.upload(name, content(Self.size), metadata: [CallMetadata.length: "\(Self.size)"])
                }
                try rot(server, "bad_0", at: 1_500_000)
                let address = "127.0.0.1:\(target.port)"
                master.order(
                    HeartbeatResponse(replicationTasks: [
                        ReplicationTask(chunkID: "bad_0", targetAddress: address),
                        ReplicationTask(chunkID: "good_0", targetAddress: address),
                    ]))
                await reported(master, damaged: "bad_0")
                while (try? await target.download("good_0").bytes) != content(Self.size) { await Task.yield() }
                await expect(.notFound) { _ = try await target.download("bad_0") }
            }
        }
        await master.stop()
    }

    @Test func theScrubberReadsNoFasterThanItMay() async throws {
        try await withServer { first in
            try await first.upload("f_0", content(1_500_000))
            await first.server.stop()
            let began = ContinuousClock.now
            try await withServer(folder: first.folder, change: { $0.scrub.bytesPerSecond = 1_000_000 }) { second in
                let cursor = "\(second.folder)/.dfs/scrub-cursor"
                while try PosixFileSystem().readSmallFile(cursor)?.contains("done f_0") != true {
                    try await Task.sleep(for: .milliseconds(5))
                }
            }
            #expect(ContinuousClock.now - began >= .milliseconds(1500))
        }
    }

    @Test func theScrubberGoesOnWhereTheLastRunStopped() async throws {
        try await withServer { first in
            for name in ["a_0", "b_0", "c_0"] { try await first.upload(name, content(100_000)) }
            for name in ["a_0", "c_0"] { try rot(first, name, at: 77_777) }
            await first.server.stop()
            let files = PosixFileSystem()
            let now = WallSeconds.now()
            try files.replaceSmallFile("scrub-cursor", in: "\(first.folder)/.dfs", by: "1 \(now) going b_0\n")
            try await withServer(folder: first.folder, change: { $0.scrub.bytesPerSecond = 1 << 30 }) { second in
                while try files.readSmallFile("\(second.folder)/.dfs/scrub-cursor") != "1 \(now) done c_0\n" {
                    await Task.yield()
                }
                #expect(try holdsInQuarantine(second, "c_0"))
                #expect(try second.names() == ["a_0", "b_0"], "its turn is in the next cycle")
            }
        }
    }

    /// Each call of the disk in a check fails once, one after the other.
    @Test(.timeLimit(.minutes(1)))
    func noCopyIsGivenUpForOneFailedRead() async throws {
        let (disk, bytes) = (SimulatedDisk(), content(2_500_000))
        try await withServer(folder: "/data", files: disk) { server in
            try await server.upload("f_0", bytes)
            let check = CheckReplicaRequest(chunkID: "f_0")
            var strikes = 0
            for call in 1...30 {
                disk.strike(.failOnce, atCall: call)
                _ = try? await server.peer.unary(Methods.checkReplica, check, as: CheckReplicaResponse.self)
                if disk.calmDown() { strikes += 1 }
                let found = try await server.peer.unary(Methods.checkReplica, check, as: CheckReplicaResponse.self)
                #expect(found.isSound, "call \(call)")
            }
            #expect(strikes > 3)
            #expect(try await server.download("f_0").bytes == bytes)
        }
    }

    /// Not its bytes, but the file itself cannot be had from the disk.
    @Test func aChunkThatCannotEvenBeOpenedIsDamaged() async throws {
        let isBroken = Mutex(false)
        let files = WatchedFiles(PosixFileSystem()) { call, path throws(DFSError) in
            guard call == .open, path.hasSuffix("/f_0"), !path.contains("/.dfs/"), isBroken.withLock({ $0 }) else {
                return
            }
            throw DFSError(.dataLoss, "cannot open \(path): input/output error")
        }
        let master = try await TestMaster(isSwift: true, group: testGroup)
        try await withServer(masterPort: master.port, files: files) { server in
            try await server.upload("f_0", content(1000), metadata: [CallMetadata.length: "1000"])
            await master.heartbeat(listing: ["f_0"])
            isBroken.withLock { $0 = true }
            let found = try await server.peer.unary(
                Methods.checkReplica, CheckReplicaRequest(chunkID: "f_0"), as: CheckReplicaResponse.self)
            #expect(!found.isSound)
            await reported(master, damaged: "f_0")
            #expect(try holdsInQuarantine(server, "f_0"))
        }
        await master.stop()
    }

    /// Nor does an attribute or a table that cannot be read speak against the bytes.
    @Test(arguments: [WatchedFiles.Call.attribute, .status])
    func aSoundChunkStaysWhereWhatIsKeptBesideItCannotBeRead(failing: WatchedFiles.Call) async throws {
        let isBroken = Mutex(false)
        let files = WatchedFiles(PosixFileSystem()) { call, path throws(DFSError) in
            guard call == failing, path.hasSuffix("/f_0"), isBroken.withLock({ $0 }) else { return }
            throw DFSError(.dataLoss, "cannot look at \(path): input/output error")
        }
        try await withServer(files: files) { server in
            try await server.upload("f_0", content(Self.size))
            try PosixFileSystem().remove("\(server.folder)/.dfs/checksums/f_0")
            isBroken.withLock { $0 = true }
            let found = try await server.peer.unary(
                Methods.checkReplica, CheckReplicaRequest(chunkID: "f_0"), as: CheckReplicaResponse.self)
            #expect(found.isSound)
        }
    }
}
