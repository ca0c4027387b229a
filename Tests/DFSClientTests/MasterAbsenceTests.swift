import DFSClient
import DFSCore
import DFSSimulation
import NIOCore
import NIOPosix
import Testing

@Suite(.timeLimit(.minutes(1))) struct MasterAbsenceTests {
    private func client(port: Int) throws -> DFSClient {
        var configuration = TestCluster.quickConfiguration
        configuration.connectLimit = .seconds(2)
        return DFSClient(
            master: try ServerAddress("127.0.0.1:\(port)"), configuration: configuration, files: SimulatedDisk(),
            logger: TestCluster.logger)
    }

    @Test func absentMasterIsFoundOut() async throws {
        // Bound and closed again, so that nobody listens there.
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(listener.localAddress?.port)
        try await listener.close()
        let client = try client(port: port)
        #expect(await failure { _ = try await client.stat("f") }?.code == .unavailable)
        await client.close()
    }

    @Test func masterThatAcceptsAndSaysNothingIsFoundOut() async throws {
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0).get()
        let client = try client(port: try #require(listener.localAddress?.port))
        #expect(await failure { _ = try await client.stat("f") }?.code == .unavailable)
        await client.close()
        try await listener.close()
    }

    @Test func brokenAddressIsRefused() {
        #expect(throws: DFSError.self) { try DFSClient(master: "no port") }
    }
}
