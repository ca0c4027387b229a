import DFSCore
import DFSServices
import DFSWire
import RPC
import Testing

@testable import DFSMaster

/// The inventory stream over real gRPC.
@Suite struct InventoryTests {
    private func request(
        _ address: String, _ digest: inout InventoryDigest, begins: Bool = false, adding ids: [String] = [],
        removing removed: [String] = []
    ) throws -> InventoryRequest {
        for id in ids { digest.insert(try ChunkID(id)) }
        for id in removed { digest.remove(try ChunkID(id)) }
        return InventoryRequest(
            serverAddress: address, nodeID: "n", freeBytes: 10_000 << 20, begins: begins, keyLow: digest.key.low,
            keyHigh: digest.key.high,
            added: ids.map { HeldChunk(chunkID: $0, isVerified: true, length: 10, crc32c: 6) }, removed: removed,
            digestLow: digest.low, digestHigh: digest.high, count: digest.count)
    }

    @Test func theMasterSaysThatItTakesDifferences() async throws {
        try await withMaster { master in
            try await master.withConnection { channel in
                let described: DescribeResponse = try await channel.unary(Methods.describe, DescribeRequest())
                #expect(described.takesDifferences)
            }
        }
    }

    @Test func eachRequestIsAnsweredAndTheDigestDecides() async throws {
        try await withMaster { master in
            try await master.withConnection { channel in
                try await channel.withCall(Methods.keepInventory) { call in
                    var digest = InventoryDigest(key: .init(low: 1, high: 2))
                    try await call.send(try request(":9001", &digest, adding: ["a_0"]))
                    var answer = try await call.receive(InventoryResponse.self)
                    #expect(
                        answer == InventoryResponse(isAnswer: true, wantsFullReport: true), "a difference to nothing")
                    try await call.send(try request(":9001", &digest, begins: true, adding: ["b_0"]))
                    answer = try await call.receive(InventoryResponse.self)
                    #expect(answer?.wantsFullReport == true, "a_0 is in the digest, and not in the report")
                    digest.remove(try ChunkID("a_0"))
                    try await call.send(try request(":9001", &digest))
                    answer = try await call.receive(InventoryResponse.self)
                    #expect(answer == InventoryResponse(isAnswer: true))
                    try await call.send(try request(":9001", &digest, removing: ["b_0"]))
                    answer = try await call.receive(InventoryResponse.self)
                    #expect(answer == InventoryResponse(isAnswer: true))
                    call.finishSending()
                    answer = try await call.receive(InventoryResponse.self)
                    #expect(answer == nil)
                }
            }
        }
    }

    @Test func tasksArePushedAndAnUnwantedCopyIsTold() async throws {
        try await withMaster { master in
            try await master.withConnection { channel in
                _ = try await channel.register(":9002")
                try await channel.withCall(Methods.keepInventory) { call in
                    var digest = InventoryDigest(key: .init(low: 1, high: 2))
                    try await call.send(try request(":9001", &digest, begins: true))
                    _ = try await call.receive(InventoryResponse.self)
                    let chunk = try await channel.allocate("a", 0)
                    try await call.send(try request(":9001", &digest, adding: [chunk.chunkID]))
                    // A Go client's chunk is whole on the first server: the second copy is ordered at once.
                    var orders: [ReplicationTask] = []
                    while orders.isEmpty, let answer = try await call.receive(InventoryResponse.self) {
                        #expect(!answer.wantsFullReport)
                        orders = answer.replicationTasks
                    }
                    #expect(orders == [ReplicationTask(chunkID: chunk.chunkID, targetAddress: ":9002")])
                    var other = InventoryDigest(key: digest.key)
                    var report = try request(":9001", &other, begins: true, adding: [chunk.chunkID])
                    report.added[0].crc32c += 1
                    try await call.send(report)
                    let answer = try await call.receive(InventoryResponse.self)
                    #expect(answer?.unwantedChunks == [chunk.chunkID])
                    call.finishSending()
                    while try await call.receive(InventoryResponse.self) != nil {}
                }
            }
        }
    }

    @Test func anAddressThatNobodyCanDialEndsTheStream() async throws {
        try await withMaster { master in
            try await master.withConnection { channel in
                let fault = await code {
                    try await channel.withCall(Methods.keepInventory) { call in
                        try await call.send(InventoryRequest(serverAddress: ":0"))
                        do {
                            return try await call.receive(InventoryResponse.self)
                        } catch {
                            throw DFSError(error, from: "the master")
                        }
                    }
                }
                #expect(fault == .invalidArgument)
            }
        }
    }
}
