import DFSCore
import DFSServices
import Logging
import NIOPosix
import Testing

@Suite struct PeerPoolTests {
    private func pool(maxPeers: Int = 256, idleTime: Duration = .seconds(60)) -> PeerPool {
        var configuration = PeerPool.Configuration()
        configuration.maxPeers = maxPeers
        configuration.idleTime = idleTime
        return PeerPool(
            group: MultiThreadedEventLoopGroup.singleton, configuration: configuration,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    private func address(_ port: UInt16) -> ServerAddress { ServerAddress(host: "127.0.0.1", port: port) }

    @Test func sameAddressIsTheSamePeer() async throws {
        let pool = pool()
        let same = try await pool.withPeer(address(1)) { first in
            try await pool.withPeer(address(1)) { $0 === first }
        }
        #expect(same)
        #expect(pool.count == 1)
        await pool.close()
    }

    @Test func fullPoolOfBusyPeersRefuses() async throws {
        let pool = pool(maxPeers: 2)
        let code = try await pool.withPeer(address(1)) { _ in
            try await pool.withPeer(address(2)) { _ in
                await failureCode { try await pool.withPeer(address(3)) { _ in } }
            }
        }
        #expect(code == .resourceExhausted)
        await pool.close()
    }

    @Test func fullPoolDropsThePeerThatIsIdleLongest() async throws {
        let pool = pool(maxPeers: 2)
        let first = try await pool.withPeer(address(1)) { $0 }
        let second = try await pool.withPeer(address(2)) { $0 }
        try await pool.withPeer(address(3)) { _ in }
        #expect(pool.count == 2)
        #expect(try await pool.withPeer(address(2)) { $0 === second })
        #expect(try await pool.withPeer(address(1)) { $0 !== first })
        await pool.close()
    }

    @Test(.timeLimit(.minutes(1))) func idlePeerIsClosed() async throws {
        let pool = pool(idleTime: .milliseconds(20))
        try await pool.withPeer(address(1)) { _ in }
        while pool.count > 0 { await Task.yield() }
        try await pool.withPeer(address(1)) { _ in }
        while pool.count > 0 { await Task.yield() }
        await pool.close()
    }

    @Test func closedPoolRefuses() async throws {
        let pool = pool()
        try await pool.withPeer(address(1)) { _ in }
        await pool.close()
        #expect(pool.count == 0)
        #expect(await failureCode { try await pool.withPeer(address(1)) { _ in } } == .cancelled)
    }
}
