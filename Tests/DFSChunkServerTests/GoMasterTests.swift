import DFSCore
import DFSFiles
import DFSServices
import DFSSimulation
import DFSWire
import NIOCore
import RPC
import Testing

@testable import DFSChunkServer

@Suite struct GoMasterTests {
    @Test func registersOnlyWhenToldAndWithItsWholeList() async throws {
        let master = try await TestMaster(isSwift: false, group: testGroup)
        try await withServer(masterPort: master.port) { server in
            try await server.upload("early_0", content(10))
            await master.heartbeat(listing: ["early_0"])
            #expect(master.events.all.first == .refusedHeartbeat)
            let registrations = master.events.all.filter { if case .registered = $0 { true } else { false } }
            #expect(registrations.count == 1)
        }
        await master.stop()
    }

    @Test func tellsItsAddressAndFreeSpace() async throws {
        let master = try await TestMaster(isSwift: false, group: testGroup)
        try await withServer(masterPort: master.port, change: { $0.advertise = ServerAddress(host: "", port: 28_777) })
        { _ in
            let request = await master.nextHeartbeat()
            #expect(request?.serverAddress == ":28777")
            #expect((request?.freeStorage ?? 0) > 0)
        }
        await master.stop()
    }

    @Test func chunkIsListedWhileItIsWrittenAndNoLongerWhenThatFails() async throws {
        let master = try await TestMaster(isSwift: false, group: testGroup)
        try await withServer(masterPort: master.port) { server in
            let encoder = ChunkDataEncoder(chunkID: "f_0")
            try await server.peer.channel.withCall(Methods.uploadChunk) { call in
                let data = ByteBuffer(repeating: 7, count: 1000)
                try await call.send(RPCMessage(segments: encoder.encode(data: data, seqNo: 0, checksum: 0)))
                await master.heartbeat(listing: ["f_0"])
            }
            let count = master.events.all.count
            await master.events.first(after: count) {
                if case .heartbeat(let beat) = $0 { beat.chunks.isEmpty } else { false }
            }
        }
        await master.stop()
    }

    @Test func deletedChunkLeavesTheListAndIsKeptInQuarantine() async throws {
        let master = try await TestMaster(isSwift: false, group: testGroup)
        try await withServer(masterPort: master.port) { server in
            try await server.upload("f_0", content(10))
            await master.heartbeat(listing: ["f_0"])
            let count = master.events.all.count
            master.order(HeartbeatResponse(deleteTasks: [DeleteTask(chunkID: "f_0"), DeleteTask(chunkID: "../x")]))
            await master.events.first(after: count) {
                if case .heartbeat(let beat) = $0 { beat.chunks.isEmpty } else { false }
            }
            let names = try server.names()
            #expect(names == [])
            let quarantine = "\(server.folder)/.dfs/quarantine"
            let folders = try PosixFileSystem().names(inFolder: quarantine)
            #expect(try folders.flatMap { try PosixFileSystem().names(inFolder: "\(quarantine)/\($0)") } == ["f_0"])
        }
        await master.stop()
    }

    @Test func chunkThatAGoMasterWantsDeletedIsKeptOnAFullDisk() async throws {
        let master = try await TestMaster(isSwift: false, group: testGroup)
        let disk = SimulatedDisk(capacity: 4 << 20)
        try await withServer(masterPort: master.port, folder: "/data", files: disk) { server in
            try await server.upload("f_0", content(3 << 20))
            await master.heartbeat(listing: ["f_0"])
            master.order(HeartbeatResponse(deleteTasks: [DeleteTask(chunkID: "f_0")]))
            while disk.files.contains("/data/f_0") { _ = await master.nextHeartbeat() }
            await expect(.resourceExhausted) { try await server.upload("f_1", content(2 << 20)) }
            #expect(disk.files.contains { $0.hasPrefix("/data/.dfs/quarantine/") && $0.hasSuffix("/f_0") })
        }
        await master.stop()
    }

    @Test func burstOfDeletionsIsHeldUntilTheOperatorReleasesIt() async throws {
        let master = try await TestMaster(isSwift: false, group: testGroup)
        try await withServer(masterPort: master.port, change: { $0.deletionBreaker.minimumCount = 2 }) { server in
            for index in 0..<7 { try await server.upload("f_\(index)", content(10)) }
            await master.heartbeat(listing: (0..<7).map { "f_\($0)" })
            let count = master.events.all.count
            master.order(HeartbeatResponse(deleteTasks: (0..<7).map { DeleteTask(chunkID: "f_\($0)") }))
            await master.events.first(after: count) {
                if case .heartbeat(let beat) = $0 { beat.chunks.count == 5 } else { false }
            }
            #expect(await master.nextHeartbeat()?.chunks.count == 5)
            // More than may go at once, and yet all of them go.
            _ = try PosixFileSystem().open("\(server.folder)/.dfs/release-deletions", .creating)
            let later = master.events.all.count
            await master.events.first(after: later) {
                if case .heartbeat(let beat) = $0 { beat.chunks.isEmpty } else { false }
            }
        }
        await master.stop()
    }

    @Test func repeatedReplicationTaskIsCarriedOutOnce() async throws {
        let master = try await TestMaster(isSwift: false, group: testGroup)
        let bytes = content(2_000_000)
        try await withServer { target in
            try await withServer(masterPort: master.port, change: { $0.goSettlingTime = .zero }) { source in
                try await source.upload("f_0", bytes)
                await master.heartbeat(listing: ["f_0"])
                let task = ReplicationTask(chunkID: "f_0", targetAddress: "127.0.0.1:\(target.port)")
                master.order(HeartbeatResponse(replicationTasks: [task, task]), times: 5)
                for _ in 0..<8 { _ = await master.nextHeartbeat() }
                var copied: [UInt8] = []
                while copied.isEmpty { copied = (try? await target.download("f_0").bytes) ?? [] }
                #expect(copied == bytes)
            }
        }
        await master.stop()
    }

    @Test func copyOfAChunkJustUploadedIsLeftToTheMastersRepetition() async throws {
        let master = try await TestMaster(isSwift: false, group: testGroup)
        try await withServer { target in
            try await withServer(masterPort: master.port, change: { $0.goSettlingTime = .seconds(3600) }) { source in
                try await source.upload("f_0", content(10))
                await master.heartbeat(listing: ["f_0"])
                let task = ReplicationTask(chunkID: "f_0", targetAddress: "127.0.0.1:\(target.port)")
                master.order(HeartbeatResponse(replicationTasks: [task]), times: 3)
                for _ in 0..<6 { _ = await master.nextHeartbeat() }
            }
            // The source has stopped, so nothing is on its way any more.
            await expect(.notFound) { _ = try await target.download("f_0") }
        }
        await master.stop()
    }

    @Test func comesBackAfterTheMasterWasRestarted() async throws {
        let port = try HeldPort()
        let first = try await TestMaster(isSwift: false, port: port.number, group: testGroup)
        try await withServer(masterPort: first.port) { server in
            try await server.upload("f_0", content(10))
            await first.heartbeat(listing: ["f_0"])
            await first.stop()
            let second = try await TestMaster(isSwift: false, port: first.port, group: testGroup)
            await second.heartbeat(listing: ["f_0"])
            await second.stop()
        }
    }

    @Test func leavesTheHeartbeatStreamInOrder() async throws {
        let master = try await TestMaster(isSwift: false, group: testGroup)
        try await withServer(masterPort: master.port) { _ in _ = await master.nextHeartbeat() }
        await master.events.first { $0 == .heartbeatsEnded }
        await master.stop()
    }
}
