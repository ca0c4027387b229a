import DFSCore
import DFSServices
import DFSWire
import NIOCore
import RPC
import Testing

@testable import DFSChunkServer

@Suite(.timeLimit(.minutes(2))) struct OpenReadTests {
    @Test func primaryServesWhatAllServersHave() async throws {
        try await withScene(2) { scene in
            try await scene.primary.appending { append in
                _ = try await append.append(TestRecord(content(70_000)))
                let whole = try await scene.primary.overAnotherConnection { try await $0.download("f_0") }
                #expect(whole.bytes == content(70_000))
                #expect(whole.metadata.first(CallMetadata.open) == "1")
                #expect(whole.metadata.first(CallMetadata.chunkLength) == "70000")
                #expect(whole.metadata.first(CallMetadata.chunkCRC32C) == nil)
                var wanted = Metadata()
                wanted.add(CallMetadata.offset, number: 69_990)
                wanted.add(CallMetadata.length, number: 5)
                let asked = wanted
                let part = try await scene.primary.overAnotherConnection {
                    try await $0.download("f_0", metadata: asked)
                }
                #expect(part.bytes == Array(content(70_000)[69_990..<69_995]))
                #expect(part.metadata.first(CallMetadata.offset) == "69990")
            }
        }
    }

    @Test func othersDoNotServeIt() async throws {
        try await withScene(2) { scene in
            try await scene.primary.appending { append in
                _ = try await append.append(TestRecord(content(100)))
                await expect(.unavailable) { _ = try await scene.servers[1].download("f_0") }
            }
        }
    }

    @Test func primaryWhoseLeaseHasRunOutServesNothing() async throws {
        try await withScene(2) { scene in
            try await scene.primary.appending { append in
                _ = try await append.append(TestRecord(content(100)))
                scene.master.answerLeases(nil)
                scene.clock.move(.seconds(55))
                await expect(.unavailable) {
                    try await scene.primary.overAnotherConnection { _ = try await $0.download("f_0") }
                }
            }
        }
    }

    @Test func bytesThatAServerHasNotSyncedAreNotServed() async throws {
        try await withScene(2, change: { if $0 == 1 { $1.appendThreadCount = 1 } }) { scene in
            let threads = try #require(scene.servers[1].server.appendThreads)
            try await scene.primary.appending { append in
                _ = try await append.append(TestRecord(content(100)))
                let (gate, held) = (ThreadGate(), Bell())
                threads.submit { _ in
                    held.ring()
                    gate.wait()
                }
                await held.wait()
                try await append.send(TestRecord(content(50, seed: 2)))
                try await until { try await scene.primary.openLength() == 150 }
                let early = try await scene.primary.overAnotherConnection { try await $0.contents("f_0") }
                #expect(early == content(100))
                gate.open()
                let offset = try await append.offset()
                #expect(offset == 100)
                let later = try await scene.primary.overAnotherConnection { try await $0.contents("f_0") }
                #expect(later == content(100) + content(50, seed: 2))
            }
        }
    }

    @Test func deletedOpenChunkLeavesAndEndsItsAppends() async throws {
        try await withScene(1) { scene in
            await expect(.unavailable) {
                try await scene.primary.appending { append in
                    _ = try await append.append(TestRecord(content(100)))
                    scene.master.order(HeartbeatResponse(deleteTasks: [DeleteTask(chunkID: "f_0")]))
                    try await until { try await scene.primary.openLength() == nil }
                    _ = try await append.append(TestRecord(content(10)))
                }
            }
        }
    }
}
