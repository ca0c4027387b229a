import DFSCore
import DFSServices
import DFSWire
import NIOCore
import RPC
import Testing

@testable import DFSChunkServer

/// Uploads of clients that name no chain: a Swift master knows where else the chunk belongs.
@Suite(.timeLimit(.minutes(2))) struct GoClientChainTests {
    /// Runs `body` with servers that have met a Swift master.
    private func withCluster(
        _ count: Int, change: @escaping (Int, inout ChunkServerSettings) -> Void = { _, _ in },
        _ body: (TestMaster, [ServerUnderTest]) async throws -> Void
    ) async throws {
        let master = try await TestMaster(isSwift: true, group: testGroup)
        try await withServers(count, masterPort: master.port, change: change) { servers in
            for server in servers {
                await master.events.first {
                    if case .heartbeat(let beat) = $0 { beat.serverAddress == "\(server.address)" } else { false }
                }
            }
            // A second heartbeat comes when the session stands.
            for _ in 0...2 * count { _ = await master.nextHeartbeat() }
            try await body(master, servers)
        }
        await master.stop()
    }

    private func reports(_ master: TestMaster, of id: String) -> [ReportRequest] {
        master.events.all.compactMap { event in
            if case .reported(let report) = event, report.chunks.map(\.chunkID) == [id] { report } else { nil }
        }
    }

    @Test func chunkIsOnAllServersThatTheMasterNamesBeforeItIsAcknowledged() async throws {
        let bytes = content(2_500_000)
        try await withCluster(3) { master, servers in
            master.forward(to: [servers[1], servers[2]].map { "\($0.address)" })
            try await servers[0].upload("f_0", bytes)
            for server in servers { #expect(try await server.contents("f_0") == bytes) }
            // Each tells of its copy, the first one last: until then the master makes none by itself.
            let order = reports(master, of: "f_0").map(\.serverAddress)
            #expect(order.count == 3 && order.last == "\(servers[0].address)")
        }
    }

    @Test func bytesOfAClientWithoutChecksumsTravelOnWithThem() async throws {
        let bytes = content(2_500_000)
        let other = try await OtherServer(.older)
        try await withCluster(1) { master, servers in
            master.forward(to: ["\(other.address)"])
            try await servers[0].upload("f_0", bytes)
            #expect(other.begun.map(\.bytes) == [bytes])
            // One message is without data, and lets the server begin.
            #expect(other.begun.map(\.checkedCount) == [39] && other.begun.map(\.messageCount) == [40])
        }
        await other.stop()
    }

    @Test func goServerGetsOnlyWhatIsWholeAndTheMasterIsTold() async throws {
        let bytes = content(2_500_000)
        let other = try await OtherServer(.go)
        try await withCluster(1) { master, servers in
            master.forward(to: ["\(other.address)"])
            try await servers[0].upload("f_0", bytes)
            #expect(other.begun.map(\.bytes) == [bytes])
            // Its length was known when it went there, which it is not while such a chunk arrives.
            #expect(other.begun.first?.length == "2500000")
            #expect(reports(master, of: "f_0").map(\.syncedOn) == [["\(other.address)"]])
        }
        await other.stop()
    }

    @Test func clientThatGoesAwayInMidChunkLeavesNothingOnAGoServer() async throws {
        let other = try await OtherServer(.go)
        try await withCluster(2) { master, servers in
            master.forward(to: ["\(other.address)", "\(servers[1].address)"])
            let encoder = ChunkDataEncoder(chunkID: "f_0")
            try await servers[0].peer.channel.withCall(Methods.uploadChunk) { call in
                for seqNo in 0..<64 {
                    let data = ByteBuffer(repeating: 7, count: 64 << 10)
                    try await call.send(
                        RPCMessage(segments: encoder.encode(data: data, seqNo: Int32(seqNo), checksum: 0)))
                }
                try await until { try servers[1].names().count == 1 }
            }
            try await until { try servers.allSatisfy { try $0.names().isEmpty } }
            #expect(other.begun.isEmpty)
        }
        await other.stop()
    }

    @Test(arguments: [nil, [], ["127.0.0.1:1"]])
    func chunkStaysHereAloneWhereNobodyElseCanHaveIt(targets: [String]?) async throws {
        let bytes = content(100_000)
        try await withCluster(1) { master, servers in
            master.forward(to: targets)
            try await servers[0].upload("f_0", bytes)
            #expect(try await servers[0].contents("f_0") == bytes)
            #expect(reports(master, of: "f_0").count == 1)
        }
    }

    @Test func serverThatTakesTooLittleIsTakenOutByThePatienceOfTheServer() async throws {
        let bytes = content(20 << 20)
        let slow = try await OtherServer(.trickling(1 << 20, isGo: false))
        let change = { (_: Int, settings: inout ChunkServerSettings) in
            settings.chainPatience.stallLimit = .seconds(4)
            settings.chainPatience.floor = 4 << 20
        }
        try await withCluster(2, change: change) { master, servers in
            master.forward(to: ["\(slow.address)", "\(servers[1].address)"])
            try await servers[0].upload("f_0", bytes)
            #expect(slow.begun.map(\.isWhole) == [false])
            #expect(servers[0].server.slowServerCount == 1)
            // Those behind it are reached past it, before the client hears of the end.
            #expect(try await servers[1].contents("f_0") == bytes)
        }
        await slow.stop()
    }

    @Test func uploadThatSaysItsLengthIsForThisServerAlone() async throws {
        try await withCluster(2) { master, servers in
            master.forward(to: ["\(servers[1].address)"])
            try await servers[0].upload("f_0", content(1000), metadata: [CallMetadata.length: "1000"])
            #expect(try servers[1].names() == [])
        }
    }
}
