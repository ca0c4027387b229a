import DFSCore
import DFSServices
import DFSWire
import Logging
import NIOPosix
import RPC
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

    /// Nothing failed: the old node has closed in order, and another one has its port.
    @Test(.timeLimit(.minutes(1))) func aPeerIsAskedAnewOverANewConnection() async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        var routes = ServiceRoutes()
        routes.unary(Methods.describe) { (_: DescribeRequest, _) in DescribeResponse() }
        let ours = RPCServer(routes: routes, configuration: .init(), group: group, logger: logger)
        let port = try await ours.listen(host: "127.0.0.1", port: 0)
        let peer = Peer(address: address(port), role: "chunk server", group: group, logger: logger)
        #expect(try await peer.kind().isSwift)
        await ours.shutdown(grace: .zero)
        while peer.channel.readyConnection != nil { await Task.yield() }
        let other = RPCServer(routes: ServiceRoutes(), configuration: .init(), group: group, logger: logger)
        _ = try await other.listen(host: "127.0.0.1", port: port)
        #expect(try await peer.kind() == .go)
        await peer.channel.close()
        await other.shutdown(grace: .zero)
    }

    /// They fail all that is sent to a node for as long.
    @Test func pausesBetweenAttemptsAreShort() {
        #expect(PeerPool.Configuration().channel.backoff.maximum == .seconds(1))
    }

    @Test func closedPoolRefuses() async throws {
        let pool = pool()
        try await pool.withPeer(address(1)) { _ in }
        await pool.close()
        #expect(pool.count == 0)
        #expect(await failureCode { try await pool.withPeer(address(1)) { _ in } } == .cancelled)
    }
}
