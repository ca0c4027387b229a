import DFSCore
import DFSServices
import DFSSimulation
import RPC
import Testing

@testable import DFSChunkServer

/// Chunks that go from server to server, as our clients send them.
@Suite(.timeLimit(.minutes(2))) struct ChainTests {
    /// An address where nobody listens.
    private let nobody = ServerAddress(host: "127.0.0.1", port: 1)

    @Test(arguments: [0, 1, 70_000, 1 << 20, 5_000_001])
    func everyServerOfTheChainHoldsTheChunk(count: Int) async throws {
        let bytes = content(count)
        try await withServers(3) { servers in
            let addresses = servers.map(\.address)
            let result = try #require(try await servers[0].send("f_0", bytes, along: addresses))
            #expect(result.durable == Set(addresses) && result.failed.isEmpty)
            for server in servers {
                #expect(try await server.contents("f_0") == bytes)
                #expect(try server.names() == ["f_0"])
            }
        }
    }

    @Test func goServersGetTheChunkFromTheLastOfOursWhereverTheyStand() async throws {
        let bytes = content(3_000_001)
        let others = [try await OtherServer(.go), try await OtherServer(.go)]
        try await withServers(2) { servers in
            let chain = [servers[0].address, others[0].address, servers[1].address, others[1].address]
            let result = try #require(try await servers[0].send("f_0", bytes, along: chain))
            #expect(result.durable == [servers[0].address, servers[1].address])
            #expect(result.synced == [others[0].address, others[1].address])
            for server in servers { #expect(try await server.contents("f_0") == bytes) }
            for other in others {
                #expect(other.begun.map(\.isWhole) == [true] && other.begun[0].bytes == bytes)
                // As small as Go nodes send them.
                #expect(other.begun[0].messageCount >= 3_000_001 / 65_536)
            }
        }
        for other in others { await other.stop() }
    }

    @Test func serverThatIsNotThereIsPassedBy() async throws {
        let bytes = content(3_000_000)
        try await withServers(2) { servers in
            let chain = [servers[0].address, nobody, servers[1].address]
            let result = try #require(try await servers[0].send("f_0", bytes, along: chain))
            #expect(result.durable == [servers[0].address, servers[1].address] && result.failed == [nobody])
            #expect(try await servers[1].contents("f_0") == bytes)
        }
    }

    @Test func serverWhoseDiskIsFullIsTakenOutAndThoseBehindItAreReached() async throws {
        let bytes = content(4 << 20)
        try await withServers(
            3,
            change: { index, settings in
                if index == 1 { (settings.folder, settings.files) = ("/data", SimulatedDisk(capacity: 2 << 20)) }
            }
        ) { servers in
            let result = try #require(try await servers[0].send("f_0", bytes, along: servers.map(\.address)))
            #expect(result.durable == [servers[0].address, servers[2].address])
            #expect(result.failed == [servers[1].address])
            for index in [0, 2] { #expect(try await servers[index].contents("f_0") == bytes) }
        }
    }

    @Test func linkThatBreaksInMidChunkDoesNotMakeTheSenderBeginAgain() async throws {
        let bytes = content(6 << 20)
        let other = try await OtherServer(.breaking(after: 3 << 20))
        try await withServers(2) { servers in
            let chain = [servers[0].address, other.address, servers[1].address]
            // The body that sends is run once; a second try would be the caller's.
            let result = try #require(try await servers[0].send("f_0", bytes, along: chain))
            #expect(result.durable == [servers[0].address, servers[1].address] && result.failed == [other.address])
            #expect(other.begun.count == 1)
            #expect(try await servers[1].contents("f_0") == bytes)
        }
        await other.stop()
    }

    @Test func serverThatStandsStillIsTakenOut() async throws {
        let bytes = content(24 << 20)
        let other = try await OtherServer(.standingStill)
        try await withServers(2) { servers in
            let chain = [servers[0].address, servers[1].address, other.address]
            let result = try #require(
                try await servers[0].send("f_0", bytes, along: chain, stallLimit: .seconds(3)))
            // The one before it takes it out; the first one and the sender wait longer.
            #expect(result.durable == [servers[0].address, servers[1].address] && result.failed == [other.address])
            #expect(try await servers[1].contents("f_0") == bytes)
        }
        await other.stop()
    }

    @Test func serverOlderThanChainsIsOneOfManyToSendTo() async throws {
        let bytes = content(100_000)
        let other = try await OtherServer(.older)
        try await withServers(2) { servers in
            let chain = [servers[0].address, other.address, servers[1].address]
            let result = try #require(try await servers[0].send("f_0", bytes, along: chain))
            #expect(result.durable == Set(chain))
            #expect(try await servers[1].contents("f_0") == bytes)
        }
        await other.stop()
    }

    @Test func senderThatGoesAwayInMidChunkLeavesNothingAnywhere() async throws {
        try await withServers(3) { servers in
            let request = ChunkUploadRequest(
                chunkID: try ChunkID("f_0"), length: 8 << 20, chain: servers.map(\.address))
            await #expect(throws: (any Error).self) {
                try await servers[0].peer.uploadChunk(request) { upload in
                    for _ in 0..<4 { try await upload.send(.init(repeating: 7, count: 1 << 20)) }
                    try await until { try servers[2].names().count == 1 }
                    throw CancellationError()
                }
            }
            try await until { try servers.allSatisfy { try $0.names().isEmpty } }
            // What is left of the other bytes would be in the way.
            let bytes = content(10)
            let result = try await servers[0].send("f_0", bytes, along: servers.map(\.address))
            #expect(result?.durable.count == 3)
        }
    }

    @Test func serverWithOtherBytesUnderTheIDKeepsThem() async throws {
        try await withServers(2) { servers in
            try await servers[1].upload("f_0", content(1000, seed: 2))
            let result = try #require(
                try await servers[0].send("f_0", content(1000), along: servers.map(\.address)))
            #expect(result.durable == [servers[0].address] && result.failed == [servers[1].address])
            #expect(try await servers[1].contents("f_0") == content(1000, seed: 2))
        }
    }

    @Test func chunkThatIsThereAlreadyIsForwardedAllTheSame() async throws {
        let bytes = content(2_000_000)
        try await withServers(2) { servers in
            try await servers[0].upload("f_0", bytes)
            let result = try await servers[0].send("f_0", bytes, along: servers.map(\.address))
            #expect(result?.durable == Set(servers.map(\.address)))
            #expect(try await servers[1].contents("f_0") == bytes)
        }
    }

    @Test func serverThatForwardsTooMuchKeepsTheChunkAndSaysSo() async throws {
        try await withServers(2, change: { $1.maxForwardedUploads = 0 }) { servers in
            let result = try #require(
                try await servers[0].send("f_0", content(1000), along: servers.map(\.address)))
            // Neither there nor failed: its sender may try.
            #expect(result.durable == [servers[0].address] && result.failed.isEmpty)
            #expect(try servers[1].names() == [])
        }
    }

    @Test func chainThatIsNoneIsRefused() async throws {
        try await withServer { server in
            let twice = "\(server.address),h:1,h:1"
            await expect(.invalidArgument) {
                try await server.upload("f_0", [1], metadata: [CallMetadata.chain: twice])
            }
            let long = (1...17).map { "h:\($0)" }.joined(separator: ",")
            await expect(.invalidArgument) { try await server.upload("f_0", [1], metadata: [CallMetadata.chain: long]) }
            await expect(.invalidArgument) { try await server.upload("f_0", [1], metadata: [CallMetadata.chain: "x"]) }
            let names = try server.names()
            #expect(names == [])
        }
    }

    /// Each server is first, second and third of many chains at once, with more data than all windows hold.
    @Test func serversThatForwardToEachOtherInARingAllGetOn() async throws {
        try await withServers(3) { servers in
            let addresses = servers.map(\.address)
            try await withThrowingTaskGroup(of: ChainResult?.self) { group in
                for number in 0..<24 {
                    group.addTask {
                        let first = number % 3
                        let chain = (0..<3).map { addresses[(first + $0) % 3] }
                        return try await servers[first].send(
                            "f_\(number)", content(5 << 20, seed: number), along: chain)
                    }
                }
                for try await result in group { #expect(result?.durable == Set(addresses)) }
            }
            #expect(try await servers[2].contents("f_3") == content(5 << 20, seed: 3))
        }
    }

    /// More chunks than a connection has room for stand still on their way over two servers to a third. Were the connection
    /// theirs alone, a chunk for these two could not pass, and servers in a ring would wait for each other.
    @Test func chunkWithAShorterWayIsNotHeldUpByThoseWithALongerOne() async throws {
        let stuck = try await OtherServer(.standingStill)
        let bytes = content(32 << 20)
        try await withServers(2) { servers in
            let sent = ByteCounter()
            let long = servers.map(\.address) + [stuck.address]
            let uploads = Task {
                await withTaskGroup(of: Void.self) { group in
                    for number in 0..<6 {
                        group.addTask {
                            _ = try? await servers[0].send("long_\(number)", bytes, along: long, counting: sent)
                        }
                    }
                }
            }
            // They have come to a stop when they have moved and then not moved for a while.
            var seen = 0
            while seen < 6 << 20 || seen != sent.value {
                seen = sent.value
                try await Task.sleep(for: .milliseconds(300))
            }
            let other = try await servers[0].overAnotherConnection { first in
                try await first.send("f_0", bytes, along: servers.map(\.address), stallLimit: .seconds(10))
            }
            #expect(other?.durable == Set(servers.map(\.address)) && other?.failed == [])
            // Nothing has moved meanwhile that would have let it pass.
            #expect(sent.value == seen)
            // What waits for the third server is bounded, whatever the chunks' sizes.
            #expect(seen < 6 * 16 << 20)
            uploads.cancel()
            await uploads.value
        }
        await stuck.stop()
    }
}
