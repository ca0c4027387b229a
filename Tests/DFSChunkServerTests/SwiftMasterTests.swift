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
            let (arrival, gate) = (Bell(), Bell())
            let isAcknowledged = Mutex(false)
            master.holdReports {
                arrival.ring()
                await gate.wait()
            }
            async let upload: Void = {
                try await server.upload("f_0", content(1000))
                isAcknowledged.withLock { $0 = true }
            }()
            await arrival.wait()
            // Calls that come later are answered; only the upload's answer waits for the master's.
            for _ in 0..<3 { _ = try await server.download("f_0") }
            #expect(isAcknowledged.withLock { !$0 })
            gate.ring()
            try await upload
            await master.events.first(where: isReport(of: ["f_0"]))
        }
        await master.stop()
    }

    /// What makes an upload one of our clients': it completes its file itself.
    private func ours(_ byteCount: Int) -> Metadata { [CallMetadata.length: "\(byteCount)"] }

    @Test func uploadOfAGoClientIsRefusedWhenTheMasterDoesNotTakeNoteInTime() async throws {
        let master = try await TestMaster(isSwift: true, group: testGroup)
        try await withServer(masterPort: master.port, change: { $0.reportLimit = .milliseconds(300) }) { server in
            _ = await master.nextHeartbeat()
            master.holdReports { throw RPCError(.resourceExhausted, "too many calls wait") }
            await expect(.unavailable) { try await server.upload("f_0", content(1000)) }
            // The chunk stays, and the master hears of it as soon as it listens again.
            master.holdReports {}
            await master.events.first(where: isReport(of: ["f_0"]))
            let bytes = try await server.download("f_0").bytes
            #expect(bytes == content(1000))
        }
        await master.stop()
    }

    @Test func uploadOfOursIsAcknowledgedThoughTheMasterDoesNotTakeNoteInTime() async throws {
        let master = try await TestMaster(isSwift: true, group: testGroup)
        try await withServer(masterPort: master.port, change: { $0.reportLimit = .milliseconds(300) }) { server in
            _ = await master.nextHeartbeat()
            master.holdReports { throw RPCError(.resourceExhausted, "too many calls wait") }
            try await server.upload("f_0", content(1000), metadata: ours(1000))
            master.holdReports {}
            await master.events.first(where: isReport(of: ["f_0"]))
        }
        await master.stop()
    }

    @Test func uploadOfAGoClientWhileTheMasterIsLostIsRefused() async throws {
        let master = try await TestMaster(isSwift: true, group: testGroup)
        try await withServer(masterPort: master.port, change: { $0.reportLimit = .milliseconds(300) }) { server in
            _ = await master.nextHeartbeat()
            await master.stop()
            await expect(.unavailable) { try await server.upload("f_0", content(1000)) }
            try await server.upload("f_1", content(1000), metadata: ours(1000))
        }
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
        let port = try HeldPort()
        let first = try await TestMaster(isSwift: true, port: port.number, group: testGroup)
        try await withServer(masterPort: first.port) { server in
            _ = await first.nextHeartbeat()
            await first.stop()
            for index in 0..<3 {
                try await server.upload("f_\(index)", content(100 + index), metadata: ours(100 + index))
            }
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
            #expect(disk.files == ["/data/.dfs/checksums/f_1", "/data/.dfs/node-id", "/data/f_1"])
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
