import DFSCore
import DFSServices
import DFSWire
import NIOCore
import RPC
import Testing

@testable import DFSChunkServer

/// Uploads that come in one message and say so: they are begun only when they have come to their end.
@Suite struct WholeUploadTests {
    private func withServerOfSwiftMaster(
        change: (inout ChunkServerSettings) -> Void = { _ in }, _ body: (ServerUnderTest) async throws -> Void
    ) async throws {
        let master = try await TestMaster(isSwift: true, group: testGroup)
        try await withServer(masterPort: master.port, change: change) { server in
            _ = await master.nextHeartbeat()
            try await body(server)
        }
        await master.stop()
    }

    /// Sends messages of these sizes for a chunk that is announced with `announced` bytes.
    private func send(
        _ sizes: [Int], announced: Int, checksum: UInt32 = 0, ends: Bool = true, to server: ServerUnderTest
    ) async throws {
        let encoder = ChunkDataEncoder(chunkID: "f_0")
        let options = CallOptions(metadata: [CallMetadata.length: "\(announced)"])
        _ = try await server.peer.channel.withCall(Methods.uploadChunk, options) { call in
            for (number, size) in sizes.enumerated() {
                let data = ByteBuffer(repeating: 7, count: size)
                let segments = encoder.encode(data: data, seqNo: Int32(number), checksum: checksum)
                try await call.send(RPCMessage(segments: segments))
            }
            if ends { call.finishSending() }
            while try await call.receive() != nil {}
        }
    }

    @Test(arguments: [1, 4096, 4097, 1 << 20]) func bytesComeBack(count: Int) async throws {
        try await withServerOfSwiftMaster { server in
            let bytes = content(count)
            try await server.upload(
                "f_0", bytes, dataSize: 1 << 20, metadata: [CallMetadata.length: "\(count)"], checksums: true)
            let download = try await server.download("f_0")
            #expect(download.bytes == bytes)
            #expect(try server.names() == ["f_0"])
            // Again: compared with what is there.
            try await server.upload("f_0", bytes, dataSize: 1 << 20, metadata: [CallMetadata.length: "\(count)"])
        }
    }

    /// The disk's one thread has its turns in order: had the chunk been begun, it would show when another one is done. A server
    /// that forwards begins with an empty message.
    @Test(arguments: [[100], [0, 100]]) func nothingIsBegunBeforeTheEnd(sizes: [Int]) async throws {
        try await withServerOfSwiftMaster(change: { $0.diskThreadCount = 1 }) { server in
            let encoder = ChunkDataEncoder(chunkID: "f_0")
            let options = CallOptions(metadata: [CallMetadata.length: "100"])
            let names = try await server.peer.channel.withCall(Methods.uploadChunk, options) { call in
                for (number, size) in sizes.enumerated() {
                    let data = ByteBuffer(repeating: 7, count: size)
                    let segments = encoder.encode(data: data, seqNo: Int32(number), checksum: 0)
                    try await call.send(RPCMessage(segments: segments))
                }
                try await server.upload("f_1", content(100))
                let names = try server.names()
                call.finishSending()
                while try await call.receive() != nil {}
                return names
            }
            #expect(names == ["f_1"])
            #expect(try server.names() == ["f_0", "f_1"])
        }
    }

    @Test func emptyMessagesMayFollow() async throws {
        try await withServerOfSwiftMaster { server in
            try await send([100, 0, 0], announced: 100, to: server)
            #expect(try server.names() == ["f_0"])
        }
    }

    @Test func moreThanWasAnnouncedIsRefused() async throws {
        try await withServerOfSwiftMaster { server in
            await expect(.dataLoss) { try await send([100, 1], announced: 100, to: server) }
            let names = try server.names()
            #expect(names == [])
        }
    }

    @Test func damagedDataIsRefused() async throws {
        try await withServerOfSwiftMaster { server in
            await expect(.dataLoss) { try await send([100], announced: 100, checksum: 1, to: server) }
            let names = try server.names()
            #expect(names == [])
        }
    }

    @Test func otherBytesForAChunkAreRefused() async throws {
        try await withServerOfSwiftMaster { server in
            try await server.upload("f_0", content(100))
            await expect(.alreadyExists) { try await send([100], announced: 100, to: server) }
            #expect(try await server.download("f_0").bytes == content(100))
        }
    }

    @Test func oneThatIsNeverEndedIsGivenUp() async throws {
        try await withServerOfSwiftMaster(change: { $0.stallLimit = .milliseconds(200) }) { server in
            await expect(.deadlineExceeded) { try await send([100], announced: 100, ends: false, to: server) }
            let names = try server.names()
            #expect(names == [])
        }
    }
}
