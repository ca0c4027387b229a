import DFSCore
import DFSServices
import DFSSimulation
import DFSWire
import RPC
import Testing

@testable import DFSChunkServer

@Suite(.timeLimit(.minutes(2))) struct LeaseTests {
    @Test func refusedLeaseTakesNothing() async throws {
        try await withScene(1) { scene in
            scene.master.answerLeases { RenewLeasesResponse(leaseMilliseconds: 1000, refused: $0.held.map(\.chunkID)) }
            await expect(.failedPrecondition) { _ = try await scene.primary.append(content(10)) }
        }
    }

    @Test func masterThatIsAwayTakesNothing() async throws {
        try await withScene(1) { scene in
            scene.master.answerLeases(nil)
            await expect(.unavailable) { _ = try await scene.primary.append(content(10)) }
        }
    }

    @Test func goMasterIsNamedAsTheReason() async throws {
        let master = try await TestMaster(isSwift: false, group: testGroup)
        try await withServer(masterPort: master.port) { server in
            _ = await master.nextHeartbeat()
            await expect(.failedPrecondition) { _ = try await server.append(content(10)) }
        }
        await master.stop()
    }

    @Test func leasesAreRenewedAndTheChunkGoesOn() async throws {
        try await withScene(1) { scene in
            scene.grantLeases(.milliseconds(300))
            try await scene.primary.appending { append in
                _ = try await append.append(TestRecord(content(10)))
                for _ in 0..<4 {
                    let seen = scene.master.events.all.count
                    await scene.master.events.first(after: seen) {
                        if case .renewed(let request) = $0 { request.held.count == 1 } else { false }
                    }
                }
                _ = try await append.append(TestRecord(content(10)))
            }
        }
    }

    @Test func refusedRenewalEndsTheChunkAtOnce() async throws {
        try await withScene(1) { scene in
            scene.grantLeases(.milliseconds(600))
            await expect(.unavailable) {
                try await scene.primary.appending { append in
                    _ = try await append.append(TestRecord(content(10)))
                    scene.master.answerLeases {
                        RenewLeasesResponse(leaseMilliseconds: 600, refused: $0.held.map(\.chunkID))
                    }
                    _ = try await append.offset()
                }
            }
        }
    }

    @Test func leaseThatRunsOutWithinABatchAcknowledgesNothing() async throws {
        try await withScene(2, change: { if $0 == 1 { $1.appendThreadCount = 1 } }) { scene in
            scene.grantLeases(.seconds(60))
            let threads = try #require(scene.servers[1].server.appendThreads)
            await expect(.unavailable) {
                try await scene.primary.appending { append in
                    _ = try await append.append(TestRecord(content(10)))
                    scene.master.answerLeases(nil)
                    let (gate, held) = (ThreadGate(), Bell())
                    threads.submit { _ in
                        held.ring()
                        gate.wait()
                    }
                    await held.wait()
                    try await append.send(TestRecord(content(20)))
                    // The batch is under way: it is on the primary's disk.
                    try await until { try await scene.primary.openLength() == 30 }
                    scene.clock.move(.seconds(55))
                    gate.open()
                    _ = try await append.offset()
                }
            }
            // It is on all servers, and was acknowledged to nobody: that is allowed.
            let lengths = [try await scene.servers[0].fence(2).length, try await scene.servers[1].fence(2).length]
            #expect(lengths[0] == 30)
            #expect(lengths[1] == 10 || lengths[1] == 30)
        }
    }

    /// The master gives the lease up after 60 s and a tenth by its clock; the primary's clock is a tenth slow.
    @Test func slowClockStopsBeforeTheMasterGivesUp() throws {
        var table = LeaseTable()
        let id = try ChunkID("f_0")
        let start = MonotonicInstant(nanoseconds: 1_000_000_000)
        table.want(id, version: 3)
        let request = table.request(address: ":1", nodeID: "n")
        let lease = Lease(chunk: OpenChunkVersion(chunkID: "f_0", version: 3), servers: [":1"], chunkSize: 10)
        let answer = RenewLeasesResponse(leaseMilliseconds: 60_000, granted: [lease])
        #expect(table.apply(answer, to: request, askedAt: start) == [])
        let masterGivesUp = start + .seconds(66)
        let slow = start + (masterGivesUp - start) * 9 / 10
        #expect(table.isValid(id, version: 3, now: start + .milliseconds(53_999)))
        #expect(!table.isValid(id, version: 3, now: slow))
        #expect(!table.isValid(id, version: 3, now: start + .seconds(54)))
        #expect(!table.isValid(id, version: 2, now: start))
        #expect(table.timeToRenewal(now: start) == .seconds(20))
        #expect(table.expire(now: start + .seconds(54)) == [id])
    }

    @Test func answerThatComesLateDoesNotShortenALaterOne() throws {
        var table = LeaseTable()
        let id = try ChunkID("f_0")
        table.want(id, version: 1)
        let request = table.request(address: ":1", nodeID: "n")
        let lease = Lease(chunk: OpenChunkVersion(chunkID: "f_0", version: 1), servers: [":1"], chunkSize: 10)
        let answer = RenewLeasesResponse(leaseMilliseconds: 10_000, granted: [lease])
        let (early, late) = (MonotonicInstant(nanoseconds: 0), MonotonicInstant(nanoseconds: 5_000_000_000))
        _ = table.apply(answer, to: request, askedAt: late)
        _ = table.apply(answer, to: request, askedAt: early)
        #expect(table.isValid(id, version: 1, now: late + .milliseconds(8_999)))
        // A higher version is another primary's, or another chunk's life.
        let other = Lease(chunk: OpenChunkVersion(chunkID: "f_0", version: 2), servers: [":1"], chunkSize: 10)
        let second = RenewLeasesResponse(leaseMilliseconds: 10_000, granted: [other])
        #expect(table.apply(second, to: request, askedAt: late) == [id])
        #expect(!table.isValid(id, version: 1, now: late))
    }

    @Test func endedChunksAreToldUntilTheMasterHasAnswered() throws {
        var table = LeaseTable()
        let id = try ChunkID("f_0")
        table.want(id, version: 1)
        table.end(id, version: 1, failed: [":2"])
        table.end(id, version: 1, failed: [])
        let request = table.request(address: ":1", nodeID: "n")
        #expect(request.held == [])
        #expect(request.ended.map(\.failed) == [[":2"]])
        let (other, start) = (try ChunkID("g_0"), MonotonicInstant(nanoseconds: 0))
        table.end(other, version: 1, failed: [])
        #expect(table.apply(RenewLeasesResponse(leaseMilliseconds: 1), to: request, askedAt: start) == [])
        #expect(table.request(address: ":1", nodeID: "n").ended.map(\.chunk.chunkID) == ["g_0"])
    }

    @Test func restartedPrimaryGivesTheChunkUp() async throws {
        let disk = SimulatedDisk()
        let master = try await TestMaster(isSwift: true, group: testGroup)
        master.answerLeases { request in
            RenewLeasesResponse(
                leaseMilliseconds: 60_000,
                granted: request.held.map { Lease(chunk: $0, servers: [":1"], chunkSize: 100_000) })
        }
        try await withServer(masterPort: master.port, folder: "/data", files: disk) { server in
            _ = try await server.append(content(100))
        }
        let before = master.events.all.count
        try await withServer(masterPort: master.port, folder: "/data", files: disk) { server in
            await expect(.unavailable) { _ = try await server.append(content(100)) }
            await master.events.first(after: before) {
                if case .renewed(let request) = $0 { request.ended.map(\.chunk.chunkID) == ["f_0"] } else { false }
            }
            let bytes = try await server.sealed(2)
            #expect(bytes == content(100))
        }
        await master.stop()
    }

    @Test func stopAcknowledgesWhatIsUnderWayAndGivesTheChunkUpFirst() async throws {
        try await withScene(2, change: { if $0 == 1 { $1.appendThreadCount = 1 } }) { scene in
            let threads = try #require(scene.servers[1].server.appendThreads)
            let begun = Bell()
            let stop = Task {
                await begun.wait()
                await scene.primary.server.stop()
            }
            await expect(.unavailable) {
                try await scene.primary.appending { append in
                    _ = try await append.append(TestRecord(content(100)))
                    let (gate, held) = (ThreadGate(), Bell())
                    threads.submit { _ in
                        held.ring()
                        gate.wait()
                    }
                    await held.wait()
                    try await append.send(TestRecord(content(50)))
                    try await until { try await scene.primary.openLength() == 150 }
                    begun.ring()
                    while scene.primary.server.standard.health.status(of: "") == .serving { await Task.yield() }
                    gate.open()
                    let offset = try await append.offset()
                    #expect(offset == 100)
                    _ = try await append.offset()
                }
            }
            await stop.value
            let events = scene.master.events.all
            let ended = try #require(
                events.firstIndex { if case .renewed(let request) = $0 { !request.ended.isEmpty } else { false } })
            let left = try #require(events.firstIndex(of: .heartbeatsEnded))
            #expect(ended < left)
            let length = try await scene.servers[1].fence(2).length
            #expect(length == 150)
        }
    }

    /// A server that holds chunks of other primaries does not wait for them to end.
    @Test func stopOfAnotherServerOfTheChunkIsNotHeldUp() async throws {
        try await withScene(2, change: { $1.drainLimit = .seconds(600) }) { scene in
            await expect(.unavailable) {
                try await scene.primary.appending { append in
                    _ = try await append.append(TestRecord(content(100)))
                    await scene.servers[1].server.stop()
                    _ = try await append.append(TestRecord(content(100)))
                }
            }
            let failed = await scene.givenUp()
            #expect(failed == [scene.addresses[1]])
        }
    }
}
