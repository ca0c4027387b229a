import DFSCore
import DFSServices
import Testing

@testable import DFSChunkServer

/// Servers of a chain that take little, but never nothing.
@Suite(.timeLimit(.minutes(2))) struct SlowServerTests {
    private static let rate = 1 << 20
    private static let floor = 4 << 20
    private static let stallLimit = Duration.seconds(6)
    private let bytes = content(24 << 20)

    @Test(arguments: [1, 2], [true, false])
    func serverThatTakesTooLittleIsTakenOutByTheOneBeforeIt(position: Int, isGo: Bool) async throws {
        let slow = try await OtherServer(.trickling(Self.rate, isGo: isGo))
        try await withServers(2) { servers in
            var chain = servers.map(\.address)
            chain.insert(slow.address, at: position)
            let result = try #require(
                try await servers[0].send(
                    "f_0", bytes, along: chain, stallLimit: Self.stallLimit, floor: Self.floor))
            #expect(result.durable == Set(servers.map(\.address)) && result.failed == [slow.address])
            #expect(Array(result.slow.keys) == [slow.address])
            #expect(try #require(result.slow[slow.address]) < Self.floor)
            for server in servers { #expect(try await server.contents("f_0") == bytes) }
            #expect(slow.begun.map(\.isWhole) == [false])
            // A Go server is fed by the last of ours.
            let feeder = isGo ? 1 : position - 1
            for (index, server) in servers.enumerated() {
                #expect(server.server.slowServerCount == (index == feeder ? 1 : 0))
            }
        }
        await slow.stop()
    }

    @Test func slowServerIsKeptWhereAnySpeedWillDo() async throws {
        let slow = try await OtherServer(.trickling(8 << 20, isGo: false))
        try await withServers(1) { servers in
            let chain = [servers[0].address, slow.address]
            let result = try #require(
                try await servers[0].send("f_0", bytes, along: chain, stallLimit: .seconds(2), floor: 0))
            #expect(result.failed.isEmpty && slow.begun.map(\.isWhole) == [true])
        }
        await slow.stop()
    }

    @Test func senderThatGivesLittleBlamesNoServer() async throws {
        try await withServers(2) { servers in
            let request = ChunkUploadRequest(
                chunkID: try ChunkID("f_0"), length: 12 << 20, chain: servers.map(\.address))
            var settings = TransferSettings()
            settings.stallLimit = .seconds(2)
            settings.floor = 1 << 30
            let answer = try await servers[0].peer.uploadChunk(request, settings: settings) { upload in
                for _ in 0..<12 {
                    try await upload.send(.init(repeating: 7, count: 1 << 20), crc32c: nil)
                    try await Task.sleep(for: .milliseconds(250))
                }
            }
            #expect(answer.chain?.failed == [] && answer.chain?.durable.count == 2)
        }
    }
}
