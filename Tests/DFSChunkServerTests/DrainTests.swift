import DFSCore
import DFSServices
import DFSWire
import NIOCore
import RPC
import Testing

@testable import DFSChunkServer

/// How a chunk server stops while there is work under way.
@Suite struct DrainTests {
    /// Sends the chunk `f_0`, its last bytes once `gate` has returned.
    private func upload(
        _ server: ServerUnderTest, metadata: Metadata = [:], gate: @escaping @Sendable () async -> Void
    ) async throws {
        let encoder = ChunkDataEncoder(chunkID: "f_0")
        try await server.peer.channel.withCall(Methods.uploadChunk, CallOptions(metadata: metadata)) { call in
            for seqNo in 0..<2 {
                let data = ByteBuffer(repeating: 7, count: 1000)
                try await call.send(
                    RPCMessage(segments: encoder.encode(data: data, seqNo: Int32(seqNo), checksum: 0)))
                if seqNo == 0 { await gate() }
            }
            call.finishSending()
            #expect(try await call.receive(UploadChunkStatus.self)?.success == true)
            _ = try await call.receive()
        }
    }

    private func isStopping(_ server: ServerUnderTest) async {
        while server.server.standard.health.status(of: "") == .serving { await Task.yield() }
    }

    @Test func goMasterHearsOfTheLastUploadBeforeTheStreamEnds() async throws {
        let master = try await TestMaster(isSwift: false, group: testGroup)
        try await withServer(masterPort: master.port, interval: .seconds(3600)) { server in
            _ = await master.events.first { if case .heartbeat = $0 { true } else { false } }
            let begun = Bell()
            let stop = Task {
                await begun.wait()
                await server.server.stop()
            }
            try await upload(server) {
                begun.ring()
                await isStopping(server)
            }
            let count = master.events.all.count
            await stop.value
            let later = Array(master.events.all.dropFirst(count))
            guard case .heartbeat(let last) = later.first else {
                Issue.record("no last heartbeat: \(later)")
                return
            }
            #expect(last.chunks == ["f_0"])
            #expect(later.dropFirst() == [.heartbeatsEnded])
        }
        await master.stop()
    }

    @Test func swiftMasterIsLeftFirstAndHearsOfTheLastUploadByItsReport() async throws {
        let master = try await TestMaster(isSwift: true, group: testGroup)
        try await withServer(masterPort: master.port, interval: .seconds(3600)) { server in
            _ = await master.events.first { if case .heartbeat = $0 { true } else { false } }
            let begun = Bell()
            let stop = Task {
                await begun.wait()
                await server.server.stop()
            }
            // Of a Go client, whose upload succeeds only when the master has taken note.
            try await upload(server) {
                begun.ring()
                await master.events.first { $0 == .heartbeatsEnded }
            }
            await stop.value
            guard case .reported(let report) = master.events.all.last else {
                Issue.record("no report: \(master.events.all)")
                return
            }
            #expect(report.chunks.map(\.chunkID) == ["f_0"])
        }
        await master.stop()
    }

    @Test func copyUnderWayIsFinished() async throws {
        let masters = [
            try await TestMaster(isSwift: true, group: testGroup),
            try await TestMaster(isSwift: true, group: testGroup),
        ]
        try await withServer(masterPort: masters[0].port) { target in
            try await withServer(masterPort: masters[1].port) { source in
                _ = await masters[0].nextHeartbeat()
                _ = await masters[1].nextHeartbeat()
                try await source.upload("f_0", content(1000))
                let arrived = Bell()
                // The target's acknowledgement, and so the copy, waits for the source to be stopping.
                masters[0].holdReports {
                    arrived.ring()
                    await isStopping(source)
                }
                let task = ReplicationTask(chunkID: "f_0", targetAddress: "127.0.0.1:\(target.port)")
                masters[1].order(HeartbeatResponse(replicationTasks: [task]))
                await arrived.wait()
                await source.server.stop()
                #expect(masters[1].events.all.last == .heartbeatsEnded)
                let copied = try await target.download("f_0").bytes
                #expect(copied == content(1000))
            }
        }
        for master in masters { await master.stop() }
    }

    @Test func callThatDoesNotEndIsCutAtTheLimit() async throws {
        try await withServer(change: { $0.drainLimit = .milliseconds(200) }) { server in
            await #expect(throws: RPCError.self) {
                try await upload(server) { await server.server.stop() }
            }
            let names = try server.names()
            #expect(names == [], "nothing is left of the upload")
        }
    }
}
