import DFSCore
import DFSServices
import DFSSimulation
import DFSWire
import NIOCore
import RPC
import Testing

@testable import DFSChunkServer

@Suite(.timeLimit(.minutes(2))) struct AppendTests {
    @Test func recordsAreOnAllServersWhenAcknowledged() async throws {
        try await withScene { scene in
            let records = (0..<20).map { TestRecord(content(100 + $0 * 37, seed: $0)) }
            let offsets = try await scene.primary.appending { append in
                for record in records { try await append.send(record) }
                var offsets: [UInt64] = []
                for _ in records { offsets.append(try await append.offset()) }
                return offsets
            }
            var position: UInt64 = 0
            for (record, offset) in zip(records, offsets) {
                #expect(offset == position)
                position += UInt64(record.bytes.count)
            }
            for server in scene.servers {
                let bytes = try await server.sealed()
                #expect(bytes == records.flatMap(\.bytes))
            }
        }
    }

    @Test func recordsOfTwoClientsAreInOneOrderOnAllServers() async throws {
        try await withScene { scene in
            let written = try await withThrowingTaskGroup(of: [(UInt64, [UInt8])].self) { group in
                for client in 0..<2 {
                    group.addTask {
                        try await scene.primary.overAnotherConnection { server in
                            try await server.appending { append in
                                let records = (0..<200).map {
                                    TestRecord(content(10 + $0 % 50, seed: client * 100 + $0))
                                }
                                async let sent: Void = { for record in records { try await append.send(record) } }()
                                var written: [(UInt64, [UInt8])] = []
                                for record in records { written.append((try await append.offset(), record.bytes)) }
                                try await sent
                                return written
                            }
                        }
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            let expected = written.sorted { $0.0 < $1.0 }.flatMap(\.1)
            for server in scene.servers {
                let bytes = try await server.sealed()
                #expect(bytes == expected)
            }
        }
    }

    @Test func repeatedIDIsWrittenOnce() async throws {
        try await withScene(1) { scene in
            let record = TestRecord(content(100))
            let offsets = try await scene.primary.appending { append in
                // Twice under way, and once more when it is done.
                try await append.send(record)
                try await append.send(record)
                try await append.send(TestRecord(content(10)))
                return [
                    try await append.offset(), try await append.offset(), try await append.offset(),
                    try await append.append(record),
                ]
            }
            #expect(offsets == [0, 0, 100, 0])
            let again = try await scene.primary.appending { try await $0.append(record) }
            #expect(again == 0, "on another call, too")
            let bytes = try await scene.primary.sealed()
            #expect(bytes == content(100) + content(10))
        }
    }

    @Test func idOfAnotherRecordAndDamagedRecordAreRefused() async throws {
        try await withScene(1) { scene in
            let record = TestRecord(content(100))
            await expect(.invalidArgument) {
                try await scene.primary.appending { append in
                    _ = try await append.append(record)
                    var other = TestRecord(content(99))
                    other.id = record.id
                    _ = try await append.append(other)
                }
            }
            await expect(.dataLoss) {
                try await scene.primary.appending { append in
                    var request = TestRecord(content(10)).request
                    request.crc32c ^= 1
                    try await append.call.send(RPCMessage(segments: try request.encoded()))
                    _ = try await append.offset()
                }
            }
            await expect(.invalidArgument) { _ = try await scene.primary.append([]) }
        }
    }

    @Test func fullChunkIsToldFromOtherFailuresAndGivenUp() async throws {
        try await withScene(2, chunkSize: 1000) { scene in
            await expect(.outOfRange) {
                try await scene.primary.appending { append in
                    for seed in 0..<3 { try await append.send(TestRecord(content(250, seed: seed))) }
                    try await append.send(TestRecord(content(100)))
                    try await append.send(TestRecord(content(151)))
                    for expected in [UInt64(0), 250, 500, 750] {
                        let offset = try await append.offset()
                        #expect(offset == expected, "what fits is acknowledged first")
                    }
                    _ = try await append.offset()
                }
            }
            let failed = await scene.givenUp()
            #expect(failed == [])
            for server in scene.servers {
                let bytes = try await server.sealed()
                #expect(bytes == (0..<3).flatMap { content(250, seed: $0) } + content(100))
            }
        }
    }

    @Test func recordThatFitsNoChunkIsRefusedForGood() async throws {
        try await withScene(1, chunkSize: 1000) { scene in
            await expect(.invalidArgument) { _ = try await scene.primary.append(content(251)) }
            let offset = try await scene.primary.append(content(250))
            #expect(offset == 0, "the chunk goes on")
        }
    }

    @Test func idleChunkIsGivenUpAndItsCallsEnd() async throws {
        try await withScene(2, change: { $1.append.idleLimit = .milliseconds(100) }) { scene in
            await expect(.unavailable) {
                try await scene.primary.appending { append in
                    _ = try await append.append(TestRecord(content(700)))
                    _ = try await append.offset()
                }
            }
            let failed = await scene.givenUp()
            #expect(failed == [])
        }
    }

    @Test func serverThatIsKilledEndsTheChunkAndIsNamed() async throws {
        try await withScene { scene in
            let address = scene.addresses[2]
            await expect(.unavailable) {
                try await scene.primary.appending { append in
                    _ = try await append.append(TestRecord(content(100)))
                    await scene.servers[2].server.stop()
                    _ = try await append.append(TestRecord(content(50)))
                }
            }
            let failed = await scene.givenUp()
            #expect(failed == [address])
            let acknowledged = content(100)
            for server in scene.servers.prefix(2) {
                let bytes = try await server.sealed()
                #expect(Array(bytes.prefix(100)) == acknowledged)
            }
        }
    }

    @Test func fencedServerEndsTheOldPrimarysAcknowledgements() async throws {
        try await withScene { scene in
            await expect(.unavailable) {
                try await scene.primary.appending { append in
                    _ = try await append.append(TestRecord(content(100)))
                    let fenced = try await scene.servers[1].fence(2)
                    #expect(fenced == FenceResponse(hasChunk: true, length: 100, isSealed: false))
                    _ = try await append.append(TestRecord(content(50)))
                }
            }
            let bytes = try await scene.servers[1].sealed()
            #expect(bytes == content(100))
        }
    }

    @Test func fenceOfThePrimaryEndsItsCallsAtOnce() async throws {
        try await withScene { scene in
            await expect(.unavailable) {
                try await scene.primary.appending { append in
                    _ = try await append.append(TestRecord(content(100)))
                    _ = try await scene.primary.fence(2)
                    _ = try await append.offset()
                }
            }
        }
    }

    @Test func slowServerHoldsClientsUpAndNothingIsLost() async throws {
        try await withScene(2, chunkSize: 8 << 20) { index, settings in
            settings.append.chunkBudget = 100_000
            if index == 1 { settings.appendThreadCount = 1 }
        } _: { scene in
            // The only thread for appends of the other server stands still until the client can send no more.
            let threads = try #require(scene.servers[1].server.appendThreads)
            _ = try await scene.primary.append(content(10))
            let (gate, held) = (ThreadGate(), Bell())
            threads.submit { _ in
                held.ring()
                gate.wait()
            }
            await held.wait()
            let sent = ByteCounter()
            let count = 100
            async let answered = scene.primary.appending { append in
                async let sending: Void = {
                    for number in 0..<count {
                        try await append.send(TestRecord(content(50_000, seed: number)))
                        sent.add(50_000)
                    }
                }()
                var offsets: [UInt64] = []
                for _ in 0..<count { offsets.append(try await append.offset()) }
                try await sending
                return offsets
            }
            // Two batches at the server and what its windows hold, far from all.
            var before = -1
            while sent.value != before || sent.value == 0 {
                before = sent.value
                try await Task.sleep(for: .milliseconds(300))
            }
            #expect(sent.value < count * 50_000)
            gate.open()
            let offsets = try await answered
            let expected: [UInt64] = (0..<count).map { UInt64(10 + $0 * 50_000) }
            #expect(offsets == expected)
        }
    }

    @Test func fullDiskOfAServerEndsTheChunk() async throws {
        let disk = SimulatedDisk(capacity: 3_000_000)
        try await withScene(2, change: { if $0 == 1 { $1.files = disk } }) { scene in
            await expect(.unavailable) {
                try await scene.primary.appending { append in
                    _ = try await append.append(TestRecord(content(1000)))
                    disk.strike(.fullOnce, atCall: 1)
                    _ = try await append.append(TestRecord(content(1000)))
                }
            }
            let failed = await scene.givenUp()
            #expect(failed == [scene.addresses[1]])
            let length = try await scene.servers[1].fence(2).length
            #expect(length == 1000)
        }
    }

    @Test func failedSyncOfThePrimaryAcknowledgesNothing() async throws {
        let disk = SimulatedDisk()
        try await withScene(2, change: { if $0 == 0 { $1.files = disk } }) { scene in
            await expect(.unavailable) {
                try await scene.primary.appending { append in
                    _ = try await append.append(TestRecord(content(1000)))
                    disk.strike(.powerLoss, atCall: 1)
                    _ = try await append.append(TestRecord(content(1000)))
                }
            }
            _ = disk.calmDown()
            let failed = await scene.givenUp()
            #expect(failed == [], "the others are well")
        }
    }

    @Test func recordsLargerThanABatchGoAlone() async throws {
        try await withScene(2, chunkSize: 64 << 20) { scene in
            let sizes = [10, 5 << 20, 10, 9 << 20]
            let offsets = try await scene.primary.appending { append in
                for (seed, size) in sizes.enumerated() { try await append.send(TestRecord(content(size, seed: seed))) }
                var offsets: [UInt64] = []
                for _ in sizes { offsets.append(try await append.offset()) }
                return offsets
            }
            let five: UInt64 = 5 << 20
            let expected: [UInt64] = [0, 10, 10 + five, 20 + five]
            #expect(offsets == expected)
            let bytes = try await scene.servers[1].sealed()
            #expect(bytes == sizes.enumerated().flatMap { content($1, seed: $0) })
        }
    }
}
