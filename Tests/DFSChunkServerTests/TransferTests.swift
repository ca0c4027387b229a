import DFSCore
import DFSFiles
import DFSServices
import DFSSimulation
import DFSWire
import NIOCore
import RPC
import Testing

@testable import DFSChunkServer

@Suite struct TransferTests {
    @Test(arguments: [0, 1, 65_536, 1 << 20, 3_000_001])
    func uploadedBytesComeBack(count: Int) async throws {
        let bytes = content(count)
        try await withServer { server in
            try await server.upload("f_0", bytes)
            #expect(try await server.download("f_0").bytes == bytes)
            #expect(try server.names() == ["f_0"])
        }
    }

    @Test func readerWithoutOffsetGetsWhatGoNodesSend() async throws {
        try await withServer { server in
            try await server.upload("f_0", content(200_000))
            let download = try await server.download("f_0")
            #expect(download.sizes == [65_536, 65_536, 65_536, 3392])
            #expect(download.metadata.first(CallMetadata.offset) == nil)
        }
    }

    @Test func rangeIsHeededAndEchoed() async throws {
        let bytes = content(3_000_000)
        try await withServer { server in
            try await server.upload("f_0", bytes, dataSize: 1 << 20)
            for (offset, length) in [(0, 10), (1_048_575, 1_048_578), (2_999_999, 1), (3_000_000, 5), (5, 9_999_999)] {
                let asked: Metadata = [CallMetadata.offset: "\(offset)", CallMetadata.length: "\(length)"]
                let download = try await server.download("f_0", metadata: asked)
                #expect(download.bytes == Array(bytes[offset..<min(bytes.count, offset + length)]))
                #expect(download.metadata.first(CallMetadata.offset) == "\(offset)")
                #expect(download.metadata.first(CallMetadata.length) == "\(length)")
                #expect(download.metadata.first(CallMetadata.chunkLength) == "3000000")
                #expect(download.metadata.first(CallMetadata.chunkCRC32C) == "\(CRC32C.of(bytes))")
            }
            await expect(.invalidArgument) {
                _ = try await server.download("f_0", metadata: [CallMetadata.offset: "3000001"])
            }
            await expect(.invalidArgument) {
                _ = try await server.download("f_0", metadata: [CallMetadata.offset: "-1"])
            }
        }
    }

    @Test func unknownChunkIsNotFoundAndUnsafeIdRefused() async throws {
        try await withServer { server in
            await expect(.notFound) { _ = try await server.download("none_0") }
            for id in ["../x", "a/b", "", ".dfs", "..", String(repeating: "x", count: 256)] {
                await expect(.invalidArgument) { _ = try await server.download(id) }
                await expect(.invalidArgument) { try await server.upload(id, [1, 2, 3]) }
            }
            let names = try server.names()
            #expect(names == [])
        }
    }

    @Test func uploadWithoutAnyMessageIsRefused() async throws {
        try await withServer { server in
            await expect(.invalidArgument) {
                _ = try await server.peer.channel.withCall(Methods.uploadChunk) { call in
                    call.finishSending()
                    return try await call.receive()?.readableBytes
                }
            }
        }
    }

    @Test func garbageMessageIsRefused() async throws {
        try await withServer { server in
            await expect(.internalError) {
                _ = try await server.peer.channel.withCall(Methods.uploadChunk) { call in
                    try await call.send(RPCMessage(ByteBuffer(bytes: [0x0A, 0xFF, 0xFF, 0xFF])))
                    call.finishSending()
                    return try await call.receive()?.readableBytes
                }
            }
            let names = try server.names()
            #expect(names == [])
        }
    }

    @Test func announcedLengthAndChecksumsAreHeld() async throws {
        let bytes = content(100_000)
        try await withServer { server in
            await expect(.dataLoss) { try await server.upload("f_0", bytes, metadata: [CallMetadata.length: "99999"]) }
            await expect(.dataLoss) { try await server.upload("f_0", bytes, metadata: [CallMetadata.length: "100001"]) }
            await expect(.dataLoss) { try await server.upload("f_0", bytes, metadata: [CallMetadata.crc32c: "7"]) }
            await expect(.invalidArgument) {
                try await server.upload("f_0", bytes, metadata: [CallMetadata.length: "x"])
            }
            let names = try server.names()
            #expect(names == [])
            let right: Metadata = [CallMetadata.length: "100000", CallMetadata.crc32c: "\(CRC32C.of(bytes))"]
            try await server.upload("f_0", bytes, metadata: right, checksums: true)
            #expect(try server.names() == ["f_0"])
        }
    }

    @Test func repeatedUploadNeverChangesAChunk() async throws {
        try await withServer { server in
            try await server.upload("f_0", content(70_000))
            try await server.upload("f_0", content(70_000))
            await expect(.alreadyExists) { try await server.upload("f_0", content(70_000, seed: 2)) }
            #expect(try await server.download("f_0").bytes == content(70_000))
        }
    }

    @Test func clientThatGoesAwayLeavesNothing() async throws {
        try await withServer { server in
            let encoder = ChunkDataEncoder(chunkID: "f_0")
            try await server.peer.channel.withCall(Methods.uploadChunk) { call in
                for seqNo in 0..<40 {
                    let data = ByteBuffer(repeating: 7, count: 64 << 10)
                    try await call.send(
                        RPCMessage(segments: encoder.encode(data: data, seqNo: Int32(seqNo), checksum: 0)))
                }
                // Leaving without an end cancels the call.
            }
            // An upload of other bytes succeeds only when nothing of the first is left; it may still be leaving.
            try await server.upload("f_0", content(10))
            #expect(try await server.download("f_0").bytes == content(10))
        }
    }

    @Test func fullDiskIsToldAndLeavesNothing() async throws {
        let disk = SimulatedDisk(capacity: 3 << 20)
        try await withServer(folder: "/data", files: disk) { server in
            await expect(.resourceExhausted) { try await server.upload("f_0", content(4 << 20)) }
            let announced: Metadata = [CallMetadata.length: "\(4 << 20)"]
            await expect(.resourceExhausted) { try await server.upload("f_0", content(4 << 20), metadata: announced) }
            #expect(disk.files.filter { !$0.hasPrefix("/data/.dfs/node-id") } == [])
            try await server.upload("f_0", content(2 << 20))
            #expect(try await server.download("f_0").bytes == content(2 << 20))
        }
    }

    @Test func manyUploadsAtOnceAllArrive() async throws {
        try await withServer { server in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<8 {
                    group.addTask {
                        let bytes = content(2_500_000, seed: index)
                        try await server.upload("f_\(index)", bytes, dataSize: 1 << 20)
                        let download = try await server.download("f_\(index)", metadata: [CallMetadata.offset: "0"])
                        #expect(download.bytes == bytes)
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func clientThatFallsSilentIsGivenUp() async throws {
        try await withServer(change: { $0.stallLimit = .milliseconds(200) }) { server in
            let encoder = ChunkDataEncoder(chunkID: "f_0")
            await expect(.deadlineExceeded) {
                _ = try await server.peer.channel.withCall(Methods.uploadChunk) { call in
                    let data = ByteBuffer(repeating: 7, count: 1000)
                    try await call.send(RPCMessage(segments: encoder.encode(data: data, seqNo: 0, checksum: 0)))
                    return try await call.receive()?.readableBytes
                }
            }
            let names = try server.names()
            #expect(names == [])
        }
    }

    @Test func describesItselfAsOneOfOurs() async throws {
        try await withServer { server in
            guard case .swift(let description) = try await server.peer.kind() else {
                Issue.record("took itself for a Go node")
                return
            }
            #expect(description.role == "chunkserver")
            #expect(description.nodeID.utf8.count == 32)
        }
    }

    @Test func moreDownloadsThanAreBoundedAreRefused() async throws {
        try await withServer(change: { $0.maxDownloads = 1 }) { server in
            let bytes = content(16 << 20)
            try await server.upload("f_0", bytes, dataSize: 1 << 20)
            let options = CallOptions(metadata: [CallMetadata.offset: "0"])
            try await server.peer.channel.withCall(Methods.downloadChunk, options) { call in
                try await call.send(DownloadChunkRequest(chunkID: "f_0"))
                call.finishSending()
                // One that is not read on stands still long before its end.
                _ = try await call.receive()
                await expect(.unavailable) { _ = try await server.download("f_0") }
                while try await call.receive() != nil {}
            }
            try await until { (try? await server.download("f_0").bytes) == bytes }
        }
    }
}
