import HTTP2
import Logging
import NIOCore
import NIOPosix
import Testing

@testable import RPC

/// Sends empty SETTINGS, and nothing after that.
private final class Greeter: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    func channelActive(context: ChannelHandlerContext) {
        context.channel.writeAndFlush(ByteBuffer(bytes: [0, 0, 0, 4, 0, 0, 0, 0, 0]), promise: nil)
    }
}

/// Ages, idleness and pings of connections.
@Suite(.timeLimit(.minutes(1))) struct ConnectionLifeTests {
    private static let group = MultiThreadedEventLoopGroup.singleton

    /// Answers with the id of the connection that the call came on.
    private static let idHandler: ServiceRoutes.Handler = { call in
        while try await call.receive() != nil { try await call.send(message("\(call.connectionID)")) }
    }

    @Test func silentServerIsFoundOutByPings() async throws {
        let listener = try await ServerBootstrap(group: Self.group)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Greeter()) }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        var configuration = ClientChannel.Configuration()
        configuration.keepalive = Keepalive(time: .milliseconds(20), timeout: .milliseconds(20))
        let channel = ClientChannel(
            host: "127.0.0.1", port: UInt16(try #require(listener.localAddress?.port)), group: Self.group,
            configuration: configuration, logger: Fixture.logger())
        let error = await #expect(throws: RPCError.self) { try await channel.unary(Fixture.echo, message("x")) }
        #expect(error?.code == .unavailable && error?.message.contains("keepalive") == true)
        await channel.close()
        try await listener.close()
    }

    /// Its socket stays open and takes what is sent, as behind a proxy that has lost it; it has no call.
    @Test func silentClientIsFoundOutByPings() async throws {
        #expect(RPCServer.Configuration().limits.keepalive?.time == .seconds(60))
        #expect(RPCServer.Configuration().limits.keepalive?.withoutCalls == true)
        var configuration = RPCServer.Configuration()
        configuration.limits.keepalive?.time = .milliseconds(20)
        configuration.limits.keepalive?.timeout = .seconds(2)
        try await Arena.run(configuration) { arena in
            let mute = try await arena.attacker()
            #expect(await mute.frame { $0.kind == .ping && $0.flags == 0 } != nil)
            _ = await mute.end()
        }
    }

    @Test func clientThatPingsTooOftenIsCutOff() async throws {
        var configuration = ClientChannel.Configuration()
        configuration.keepalive = Keepalive(time: .milliseconds(5), timeout: .seconds(10))
        let handler: ServiceRoutes.Handler = { call in _ = try await call.receive() }
        try await Fixture.overTCP(client: configuration, handler) { fixture in
            let error = await #expect(throws: RPCError.self) {
                try await fixture.channel.withCall(Fixture.echo) { call in try await call.receive() }
            }
            #expect(error?.code == .unavailable)
        }
    }

    /// The answer to a keepalive ping says nothing of what was announced behind it: the call that follows it was sent before the
    /// client knew.
    @Test func callThatIsOnItsWayWhenADrainBeginsIsAnswered() async throws {
        var configuration = RPCServer.Configuration()
        configuration.limits.keepalive = Keepalive(
            time: .milliseconds(10), timeout: .seconds(30), withoutCalls: true)
        try await Fixture.overTCP(server: configuration, echoHandler) { fixture in
            let client = try await Attacker.greeted(port: fixture.port)
            func ping() async throws -> RawFrame {
                try #require(await client.frame { $0.kind == .ping && $0.flags == 0 })
            }
            func answer(_ ping: RawFrame) -> RawFrame {
                RawFrame(.ping, flags: RawFrame.acknowledged, stream: 0, payload: ping.payload)
            }
            let keepalive = try await ping()
            async let stopped: Void = fixture.server.shutdown(grace: .seconds(30))
            let announcement = try await ping()
            await client.send(
                answer(keepalive), .request(1), .data(1, RawFrame.message([1, 2, 3]), end: true))
            let data = await client.frame { $0.kind == .data && $0.stream == 1 }
            #expect(data?.payload == RawFrame.message([1, 2, 3]))
            await client.send(answer(announcement))
            #expect(await client.end().goAwayCode == 0)
            await stopped
        }
    }

    @Test func pingsAreCountedAgainAfterAnAnswer() {
        var police = PingPolice(ConnectionLimits())
        let start = NIODeadline.now()
        func ping(_ seconds: Int64, answered: Bool = false) -> Bool {
            police.admits(now: start + .seconds(seconds), hasCalls: true, hasAnswered: answered)
        }
        #expect(ping(0) && ping(1) && ping(2) && ping(3, answered: true) && ping(4) && ping(5))
        #expect(ping(400) && ping(800))
        #expect(!ping(801))
    }

    @Test func oldConnectionIsReplacedAndItsCallsFinish() async throws {
        var configuration = RPCServer.Configuration()
        configuration.limits.maxAge = .milliseconds(50)
        try await Fixture.overTCP(server: configuration, Self.idHandler) { fixture in
            try await fixture.channel.withCall(Fixture.echo) { call in
                try await call.send(message("?"))
                let first = text(try await call.receive())
                var others: Set<String?> = [first]
                while others.count < 3 {
                    others.insert(text(try await fixture.channel.unary(Fixture.echo, message("?")).message))
                }
                try await call.send(message("?"))
                #expect(text(try await call.receive()) == first)
            }
        }
    }

    @Test func oldConnectionIsClosedAfterItsGrace() async throws {
        var configuration = RPCServer.Configuration()
        configuration.limits.maxAge = .milliseconds(20)
        configuration.limits.maxAgeGrace = .milliseconds(20)
        try await Fixture.overTCP(server: configuration, Self.idHandler) { fixture in
            let error = await #expect(throws: RPCError.self) {
                try await fixture.channel.withCall(Fixture.echo) { call in try await call.receive() }
            }
            #expect(error?.code == .unavailable)
        }
    }

    @Test(arguments: [true, false]) func idleConnectionIsClosed(byClient: Bool) async throws {
        let (closed, connectionClosed) = AsyncStream<ConnectionID>.makeStream()
        var server = RPCServer.Configuration()
        server.onConnectionClosed = { connectionClosed.yield($0) }
        server.limits.maxIdle = byClient ? nil : .milliseconds(20)
        var client = ClientChannel.Configuration()
        client.idleTimeout = byClient ? .milliseconds(20) : nil
        try await Fixture.overTCP(server: server, client: client, Self.idHandler) { fixture in
            let first = text(try await fixture.channel.unary(Fixture.echo, message("?")).message)
            var gone = closed.makeAsyncIterator()
            #expect(await gone.next().map { "\($0)" } == first)
            let second = text(try await fixture.channel.unary(Fixture.echo, message("?")).message)
            #expect(second != first)
        }
    }

    /// Its memory (session, header tables, buffers) is not kept until the next check for idleness.
    @Test func lostConnectionIsForgotten() async throws {
        let group = Self.group
        var routes = ServiceRoutes()
        routes.add(Fixture.echo, handler: echoHandler)
        let server = RPCServer(routes: routes, configuration: .init(), group: group, logger: Fixture.logger())
        let connector = WatchedConnector(
            base: MemoryConnector(server: server, eventLoop: group.next(), pieceByteCount: .max))
        let channel = ClientChannel(
            connector: connector, authority: "memory", configuration: .init(), logger: Fixture.logger())
        _ = try await channel.unary(Fixture.echo, message("?"))
        #expect(await connector.isAlive)
        await server.shutdown(grace: .zero)
        let limit = NIODeadline.now() + .seconds(3)
        while await connector.isAlive, .now() < limit {}
        #expect(await !connector.isAlive)
        await channel.close()
    }
}

/// Remembers the connection that was made, and keeps it not.
private struct WatchedConnector: TransportConnector {
    private final class Memory {
        weak var receiver: (any TransportReceiver)?
    }

    let base: MemoryConnector
    private let memory: NIOLoopBoundBox<Memory>

    var eventLoop: any EventLoop { base.eventLoop }

    init(base: MemoryConnector) {
        self.base = base
        memory = NIOLoopBoundBox.makeBoxSendingValue(Memory(), eventLoop: base.eventLoop)
    }

    var isAlive: Bool {
        get async { (try? await eventLoop.submit { memory.value.receiver != nil }.get()) ?? false }
    }

    func connect(
        timeout: TimeAmount, attach: @escaping @Sendable (any ByteTransport) throws -> any TransportReceiver
    ) -> EventLoopFuture<Void> {
        base.connect(timeout: timeout) { transport in
            let receiver = try attach(transport)
            memory.value.receiver = receiver
            return receiver
        }
    }
}
