import DFSCore
import DFSMetadata
import DFSServices
import DFSWire
import Foundation
import NIOCore
import RPC
import Testing

@testable import DFSMaster

/// A whole master: real gRPC over loopback, real SQLite.
@Suite struct MasterTests {
    @Test func aPutIsVisibleOnceItIsComplete() async throws {
        try await withMaster { master in
            try await master.withConnection { channel in
                #expect(try await channel.register(":9001").success)
                #expect(try await channel.register(":9002").success)
                #expect(await code { try await channel.open("a/b c") } == .notFound)
                let chunk = try await channel.put("a/b c")
                #expect(Set(chunk.replicaServers) == [":9001", ":9002"])
                let file = try await channel.open("a/b c")
                #expect(file.length == 10)
                #expect(file.chunks.map(\.digest.chunkID) == [chunk.chunkID])
                #expect(Set(file.chunks[0].servers) == [":9001", ":9002"])
                #expect(try await channel.fileInfo("a/b c").fileInfo.map(\.chunkID) == [chunk.chunkID])
                #expect(await code { try await channel.create("a/b c") } == .alreadyExists)
            }
        }
    }

    @Test func badRequestsAreRefusedWithTheirReason() async throws {
        try await withMaster { master in
            try await master.withConnection { channel in
                #expect(await code { try await channel.create("../x") } == .invalidArgument)
                #expect(await code { try await channel.allocate("a", -1) } == .invalidArgument)
                #expect(await code { try await channel.allocate("a", 0, upload: "x") } == .invalidArgument)
                #expect(await code { try await channel.allocate("a", 0) } == .unavailable)
                #expect(await code { try await channel.fileInfo("a") } == .notFound)
                #expect(await code { try await channel.register("nonsense") } == .invalidArgument)
                #expect(await code { try await channel.register(":0") } == .invalidArgument)
                let garbage = RPCMessage(ByteBuffer(bytes: [0x0A, 0xFF, 0xFF]))
                let error = await #expect(throws: RPCError.self) {
                    _ = try await channel.unary(Methods.allocateChunk, garbage, CallOptions())
                }
                #expect(error?.code == .internalError)
            }
        }
    }

    @Test func theMasterTellsWhatItIs() async throws {
        try await withMaster { master in
            try await master.withConnection { channel in
                let described: DescribeResponse = try await channel.unary(Methods.describe, DescribeRequest())
                #expect(described.role == "master")
                #expect(described.clusterID.count == 32)
                #expect(described.chunkSize == 64 << 20)
                #expect(described.replication == 2)
            }
        }
    }

    @Test func aGoClientsFileIsSealedWhenItsConnectionCloses() async throws {
        try await withMaster { master in
            let servers = master.connect()
            _ = try await servers.register(":9001")
            _ = try await servers.register(":9002")
            try await servers.report(":9001", [])
            try await servers.report(":9002", [])
            let writer = master.connect()
            let chunk = try await writer.allocate("a", 0)
            try await servers.report(
                chunk.replicaServers[0], [ChunkDigest(chunkID: chunk.chunkID, length: 5, crc32c: 1)])
            #expect(await code { try await servers.fileInfo("a") } == .unavailable)
            await writer.close()
            let info = try await eventually { try? await servers.fileInfo("a") }
            #expect(info.fileInfo.map(\.replicaServers) == [[chunk.replicaServers[0]]])
            await servers.close()
        }
    }

    @Test func aGoClientThatIsKilledInAChunkLeavesNothing() async throws {
        try await withMaster { master in
            let servers = master.connect()
            _ = try await servers.register(":9001")
            _ = try await servers.register(":9002")
            try await servers.report(":9001", [])
            try await servers.report(":9002", [])
            // While a server has no stream, it may hold the chunk and be unable to tell.
            try await servers.withHeartbeat(of: ":9001") {
                try await servers.withHeartbeat(of: ":9002") {
                    let writer = master.connect()
                    _ = try await writer.allocate("a", 0)
                    await writer.close()
                    try await eventually { await code { try await servers.fileInfo("a") } == .notFound ? () : nil }
                    #expect(try await servers.allocate("a", 0).replicaServers.count == 2)
                }
            }
            await servers.close()
        }
    }

    @Test func aKilledMasterHasLostNothingThatItAcknowledged() async throws {
        let (folder, chunk, open) = try await withMaster { master in
            try await master.withConnection { channel in
                _ = try await channel.register(":9001")
                _ = try await channel.register(":9002")
                let chunk = try await channel.put("done")
                let upload = try await channel.create("open").uploadID
                let open = try await channel.allocate("open", 0, upload: upload)
                return (try master.folderAfterKill(), chunk, (upload, open))
            }
        }
        try await withMaster(folder: folder) { master in
            try await master.withConnection { channel in
                #expect(await code { try await channel.open("done") } == .unavailable)
                _ = try await channel.register(":9001", [chunk.chunkID, "stranger_0"])
                _ = try await channel.register(":9002")
                try await channel.report(":9001", [ChunkDigest(chunkID: chunk.chunkID, length: 10, crc32c: 6)])
                #expect(try await channel.open("done").chunks[0].servers == [":9001"])
                // The open upload goes on under its id, with the same chunk.
                let again = try await channel.allocate("open", 0, upload: open.0)
                #expect(again.chunkID == open.1.chunkID)
                #expect(await code { try await channel.create("done") } == .alreadyExists)
            }
        }
    }

    @Test func aShortChunkOnGoServersIsReadBackTwice() async throws {
        var policy = ClusterPolicy()
        policy.rereadInterval = .milliseconds(100)
        try await withMaster(policy: policy) { master in
            let (holder, empty) = (GoChunkServer(), GoChunkServer())
            let addresses = [try await holder.start(master.group), try await empty.start(master.group)]
            let servers = master.connect()
            for address in addresses { _ = try await servers.register(address.description) }
            let writer = master.connect()
            let chunk = try await writer.allocate("a", 0)
            let bytes = ByteBuffer(repeating: 7, count: 200_000)
            holder.put(chunk.chunkID, bytes)
            await writer.close()
            #expect(await code { try await servers.fileInfo("a") } == .unavailable)
            let file = try await eventually { try? await servers.open("a") }
            #expect(file.length == 200_000)
            #expect(file.chunks[0].digest.crc32c == CRC32C.of(bytes.readableBytesView))
            #expect(file.chunks[0].servers == [addresses[0].description])
            await servers.close()
            await holder.stop()
            await empty.stop()
        }
    }

    @Test func aChainReachesAsManyServersAsAFileMayHaveCopies() {
        #expect(ClusterPolicy().maxReplication == UploadChain.maxCount)
    }

    @Test func aPortInUseAndAFolderInUseAreClearErrors() async throws {
        try await withMaster { master in
            var configuration = Master.Configuration()
            configuration.listen = ServerAddress(host: "127.0.0.1", port: master.port)
            configuration.metadataFolder = temporaryFolder()
            let second = Master(configuration: configuration, logger: quiet)
            let portError = await #expect(throws: DFSError.self) { try await second.start() }
            #expect(portError?.message.contains("\(master.port)") == true)
            await second.stop()
            try? FileManager.default.removeItem(atPath: configuration.metadataFolder)

            configuration.metadataFolder = master.folder
            let third = Master(configuration: configuration, logger: quiet)
            let folderError = await #expect(throws: DFSError.self) { try await third.start() }
            #expect(folderError?.message.contains(master.folder) == true)
            await third.stop()
        }
    }
}
