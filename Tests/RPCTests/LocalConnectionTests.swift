import Glibc
import NIOCore
import NIOPosix
import Testing

@testable import RPC

@Suite struct LocalConnectionTests {
    /// Sixteen bytes, as many as the kernel gives (`TCP_CA_NAME_MAX`).
    private typealias Name = (UInt64, UInt64)

    @Test func aConnectionWithinTheMachineIsNotPaced() async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let server = try await ServerBootstrap(group: group).bind(host: "127.0.0.1", port: 0).get()
        let client = try await ClientBootstrap(group: group).connect(to: try #require(server.localAddress)).get()
        LocalConnection.stopPacing(client)
        // Asked on the same loop, so after the option was set.
        let options = try #require(client as? any SocketOptionProvider)
        let name: Name = try await options.unsafeGetSocketOption(
            level: .tcp, name: NIOBSDSocket.Option(rawValue: TCP_CONGESTION)
        ).get()
        let bytes = withUnsafeBytes(of: name) { Array($0.prefix { $0 != 0 }) }
        #expect(String(decoding: bytes, as: UTF8.self) == "reno")
        try await client.close()
        try await server.close()
    }
}
