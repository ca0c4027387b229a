import DFSCore
import DFSServices
import DFSSimulation
import DFSWire
import NIOCore
import RPC
import Synchronization
import Testing

@testable import DFSChunkServer

@Suite struct SwiftMasterTests {
    private func isReport(of ids: [String]) -> @Sendable (TestMaster.Event) -> Bool {
        { if case .reported(let report) = $0 { report.chunks.map(\.chunkID).sorted() == ids } else { false } }
    }

    @Test func uploadIsAcknowledgedOnlyWhenTheMasterKnowsOfIt() async throws {
        let master = try await TestMaster(isSwift: true, group: testGroup)
        try await withServer(masterPort: master.port, interval: .seconds(5)) { server in
            _ = await master.events.first { if case .heartbeat = $0 { true } else { false } }
            let gate = Bell()
            let isOpen = Mutex(false)
            master.holdReports {
                await gate.wait()
                isOpen.withLock { $0 = true }
            }
            async let upload: Void = server.upload("f_0", content(1000))
            async let opening: Void = {
                try await Task.sleep(for: .milliseconds(200))
                #expect(isOpen.withLock { !$0 })
                gate.ring()
            }()
            try await upload
            try await opening
            #expect(isOpen.withLock { $0 })
            await master.events.first(where: isReport(of: ["f_0"]))
        }
        await master.stop()
    }

    @Test func reportCarriesDigestAndIdentity() async throws {
        let master = try await TestMaster(isSwift: true, group: testGroup)
        try await withServer(masterPort: master.port) { server in
            _ = await master.nextHeartbeat()
            try await server.upload("f_0", content(1000))
            let event = await master.events.first(where: isReport(of: ["f_0"]))
            guard case .reported(let report) = event else { return }
            #expect(report.chunks == [ChunkDigest(chunkID: "f_0", length: 1000, crc32c: CRC32C.of(content(1000)))])
            #expect(report.serverAddress == "127.0.0.1:\(server.port)")
            #expect(report.nodeID.utf8.count == 32)
            #expect(!master.events.all.contains { if case .registered = $0 { true } else { false } })
        }
        await master.stop()
    }

    @Test func everythingIsReportedToAMasterThatComesLater() async throws {
        let first = try await TestMaster(isSwift: true, group: testGroup)
        try await withServer(masterPort: first.port) { server in
            _ = await first.nextHeartbeat()
            await first.stop()
            for index in 0..<3 { try await server.upload("f_\(index)", content(100 + index)) }
            let second = try await TestMaster(isSwift: true, port: first.port, group: testGroup)
            await second.events.first(where: isReport(of: ["f_0", "f_1", "f_2"]))
            await second.stop()
        }
    }

    @Test func copyThatTheMasterDoesNotWantGoesToQuarantine() async throws {
        let master = try await TestMaster(isSwift: true, group: testGroup)
        master.refuse(["f_0", "f_1"])
        try await withServer(masterPort: master.port) { server in
            _ = await master.nextHeartbeat()
            await expect(.dataLoss) { try await server.upload("f_0", content(1000)) }
            let names = try server.names()
            #expect(names == [])
            await expect(.notFound) { _ = try await server.download("f_0") }
        }
        await master.stop()
    }

    @Test func chunkThatASwiftMasterHadDeletedGivesWayOnAFullDiskAndCountsAsFree() async throws {
        let master = try await TestMaster(isSwift: true, group: testGroup)
        let disk = SimulatedDisk(capacity: 4 << 20)
        try await withServer(masterPort: master.port, folder: "/data", files: disk) { server in
            _ = await master.nextHeartbeat()
            try await server.upload("f_0", content(3 << 20))
            await master.heartbeat(listing: ["f_0"])
            let count = master.events.all.count
            master.order(HeartbeatResponse(deleteTasks: [DeleteTask(chunkID: "f_0")]))
            await master.events.first(after: count) {
                // The node id takes a few bytes, so of 4 MiB 3 are whole.
                if case .heartbeat(let beat) = $0 { beat.chunks.isEmpty && beat.freeStorage == 3 } else { false }
            }
            #expect(disk.files.contains { $0.hasSuffix("-spare/f_0") })
            try await server.upload("f_1", content(2 << 20))
            #expect(try await server.download("f_1").bytes == content(2 << 20))
            #expect(disk.files == ["/data/.dfs/node-id", "/data/f_1"])
        }
        await master.stop()
    }

    @Test func unfinishedChunkIsNotListedToASwiftMaster() async throws {
        let master = try await TestMaster(isSwift: true, group: testGroup)
        try await withServer(masterPort: master.port) { server in
            let encoder = ChunkDataEncoder(chunkID: "f_0")
            try await server.peer.channel.withCall(Methods.uploadChunk) { call in
                let data = ByteBuffer(repeating: 7, count: 1000)
                try await call.send(RPCMessage(segments: encoder.encode(data: data, seqNo: 0, checksum: 0)))
                for _ in 0..<3 { #expect(await master.nextHeartbeat()?.chunks == []) }
            }
        }
        await master.stop()
    }

    @Test func changeIsToldAtOnce() async throws {
        let master = try await TestMaster(isSwift: true, group: testGroup)
        // With an interval of an hour, only the change itself can bring the heartbeat.
        try await withServer(masterPort: master.port, interval: .seconds(3600)) { server in
            _ = await master.events.first { if case .heartbeat = $0 { true } else { false } }
            try await server.upload("f_0", content(10))
            await master.heartbeat(listing: ["f_0"])
        }
        await master.stop()
    }
}
