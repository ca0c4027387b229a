import Logging
import NIOCore
import NIOPosix
import Testing

@testable import RPC

/// A server and a channel to it: over TCP, or in memory with the bytes cut into pieces.
struct Fixture: Sendable {
    let server: RPCServer
    let channel: ClientChannel
    let port: UInt16

    static let echo = MethodPath(service: "test.Echo", method: "Echo")

    static func logger() -> Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }

    /// Runs `body` over a TCP connection on loopback.
    static func overTCP(
        server configuration: RPCServer.Configuration = .init(), client: ClientChannel.Configuration = .init(),
        atOnce: ServiceRoutes.ImmediateHandler? = nil,
        _ handler: @escaping ServiceRoutes.Handler, _ body: @Sendable (Fixture) async throws -> Void
    ) async throws {
        var routes = ServiceRoutes()
        routes.add(echo, atOnce: atOnce, handler: handler)
        let group = MultiThreadedEventLoopGroup.singleton
        let server = RPCServer(routes: routes, configuration: configuration, group: group, logger: logger())
        let port = try await server.listen(host: "127.0.0.1", port: 0)
        let channel = ClientChannel(
            host: "127.0.0.1", port: port, group: group, configuration: client, logger: logger())
        let fixture = Fixture(server: server, channel: channel, port: port)
        try await fixture.finish { try await body(fixture) }
    }

    /// Runs `body` over memory, every write cut into pieces of `pieceByteCount`.
    static func inMemory(
        pieceByteCount: Int, atOnce: ServiceRoutes.ImmediateHandler? = nil,
        _ handler: @escaping ServiceRoutes.Handler, _ body: @Sendable (Fixture) async throws -> Void
    ) async throws {
        var routes = ServiceRoutes()
        routes.add(echo, atOnce: atOnce, handler: handler)
        let group = MultiThreadedEventLoopGroup.singleton
        let server = RPCServer(routes: routes, configuration: .init(), group: group, logger: logger())
        let connector = MemoryConnector(server: server, eventLoop: group.next(), pieceByteCount: pieceByteCount)
        let channel = ClientChannel(
            connector: connector, authority: "memory", configuration: .init(), logger: logger())
        let fixture = Fixture(server: server, channel: channel, port: 0)
        try await fixture.finish { try await body(fixture) }
    }

    private func finish(_ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch {
            await channel.close()
            await server.shutdown(grace: .zero)
            throw error
        }
        await channel.close()
        await server.shutdown(grace: .zero)
    }
}

struct MemoryConnector: TransportConnector {
    let server: RPCServer
    let eventLoop: any EventLoop
    let pieceByteCount: Int

    func connect(
        timeout: TimeAmount, attach: @escaping @Sendable (any ByteTransport) throws -> any TransportReceiver
    ) -> EventLoopFuture<Void> {
        eventLoop.submit {
            let (near, far) = InMemoryTransport.pair(eventLoop: eventLoop, pieceByteCount: pieceByteCount)
            far.receiver = try server.accept(far)
            near.receiver = try attach(near)
        }
    }
}

/// Echoes every message.
let echoHandler: ServiceRoutes.Handler = { call in
    while let message = try await call.receive() { try await call.send(message) }
}

func text(_ message: RPCMessage?) -> String? { message.map { String(buffer: $0.contiguous()) } }

func message(_ text: String) -> RPCMessage { RPCMessage(ByteBuffer(string: text)) }
