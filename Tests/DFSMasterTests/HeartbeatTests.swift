import DFSCore
import DFSMetadata
import DFSServices
import DFSWire
import Foundation
import NIOCore
import NIOPosix
import RPC
import Testing

@testable import DFSMaster

/// The heartbeat stream over real gRPC.
@Suite struct HeartbeatTests {
    private func heartbeat(_ address: String, _ chunks: [String] = []) -> HeartbeatRequest {
        HeartbeatRequest(serverAddress: address, freeStorage: 10_000, chunks: chunks)
    }

    @Test func eachHeartbeatHasOneResponseAndTheStreamEndsWithOK() async throws {
        try await withMaster { master in
            try await master.withConnection { channel in
                let count = try await channel.withCall(Methods.heartbeat) { call in
                    for _ in 0..<10 { try await call.send(heartbeat(":9001")) }
                    call.finishSending()
                    var count = 0
                    while let response = try await call.receive(HeartbeatResponse.self) {
                        #expect(response == HeartbeatResponse())
                        count += 1
                    }
                    return count
                }
                #expect(count == 10)
            }
        }
    }

    @Test func tasksArePushedWithoutAHeartbeat() async throws {
        try await withMaster { master in
            try await master.withConnection { channel in
                _ = try await channel.register(":9002")
                let task = try await channel.withCall(Methods.heartbeat) { call in
                    try await call.send(heartbeat(":9001"))
                    _ = try await call.receive(HeartbeatResponse.self)
                    // A Go client's chunk is whole on the first server: the second copy is ordered at once.
                    let chunk = try await channel.allocate("a", 0)
                    try await channel.report(":9001", [ChunkDigest(chunkID: chunk.chunkID, length: 5, crc32c: 1)])
                    let response = try await call.receive(HeartbeatResponse.self)
                    #expect(response?.replicationTasks.map(\.chunkID) == [chunk.chunkID])
                    return response?.replicationTasks.first
                }
                #expect(task?.targetAddress == ":9002")
            }
        }
    }

    @Test func aStoppingMasterEndsTheStreamsAndWaitsForNone() async throws {
        var configuration = Master.Configuration()
        configuration.listen = ServerAddress(host: "127.0.0.1", port: 0)
        configuration.metadataFolder = temporaryFolder()
        configuration.drainLimit = .seconds(60)
        defer { try? FileManager.default.removeItem(atPath: configuration.metadataFolder) }
        let master = Master(configuration: configuration, logger: quiet)
        let port = try await master.start()
        let channel = ClientChannel(
            host: "127.0.0.1", port: port, group: MultiThreadedEventLoopGroup.singleton, logger: quiet)
        try await channel.withCall(Methods.heartbeat) { call in
            try await call.send(heartbeat(":9001"))
            _ = try await call.receive(HeartbeatResponse.self)
            async let stopped: Void = master.stop()
            let end = await #expect(throws: RPCError.self) { try await call.receive() }
            #expect(end?.message.contains("the master is stopping") == true, "\(String(describing: end))")
            await stopped
        }
        await channel.close()
        let left = try FileManager.default.contentsOfDirectory(atPath: configuration.metadataFolder)
        #expect(left.contains("metadata.sqlite") && !left.contains("metadata.sqlite-wal"), "\(left)")
    }

    @Test func aListOfManyChunksIsTaken() async throws {
        try await withMaster { master in
            try await master.withConnection { channel in
                var options = CallOptions()
                options.maxSendMessageBytes = 64 << 20
                let chunks = (0..<150_000).map { "some-chunk-of-some-file.0123456789abcdef_\($0)" }
                let response = try await channel.withCall(Methods.heartbeat, options) { call in
                    try await call.send(heartbeat(":9001", chunks))
                    return try await call.receive(HeartbeatResponse.self)
                }
                #expect(response == HeartbeatResponse(), "nothing that is unknown is deleted")
            }
        }
    }

    @Test(arguments: [
        (":9001", "127.0.0.1", ":9001"), (":9001", "::1", ":9001"), (":9001", "::ffff:127.0.0.1", ":9001"),
        (":9001", "10.0.0.7", "10.0.0.7:9001"), (":9001", "::ffff:10.0.0.7", "10.0.0.7:9001"),
        (":9001", "fe80::1", "[fe80::1]:9001"), ("host:9001", "10.0.0.7", "host:9001"),
    ])
    func anAddressWithoutAHostIsThatOfItsPeer(registered: String, peer: String, expected: String) throws {
        #expect(try ServerAddress(registered: registered, by: peer).description == expected)
    }
}
