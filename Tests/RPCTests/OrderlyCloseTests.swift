import NIOCore
import NIOPosix
import NIOSSL
import TestCertificates
import Testing

@testable import RPC

/// The last answers on connections that drain.
@Suite(.timeLimit(.minutes(2))) struct OrderlyCloseTests {
    private static let group = MultiThreadedEventLoopGroup.singleton
    private static let window = RawFrame.settings([(id: 4, value: 16 << 20)])

    private static func server(answerByteCount: Int) -> RPCServer {
        var routes = ServiceRoutes()
        routes.add(Fixture.echo) { call in
            _ = try await call.receive()
            try await call.send(RPCMessage(ByteBuffer(repeating: 7, count: answerByteCount)))
        }
        return RPCServer(routes: routes, configuration: .init(), group: group, logger: Fixture.logger())
    }

    /// Asks the one connection of `server`, on its loop; `nil` where there is none.
    private static func ask<Answer: Sendable>(
        _ server: RPCServer, _ question: @escaping @Sendable (HTTP2Connection) -> Answer
    ) async throws -> Answer? {
        guard let bound = server.state.withLock({ $0.connections.values.first }) else { return nil }
        return try await bound.eventLoop.submit { question(bound.value.connection) }.get()
    }

    /// What TLS needs at both ends.
    private static func secured() throws -> (server: ServerTLS, client: NIOSSLContext) {
        let authority = try TestAuthority()
        let identity = TLSIdentity(try authority.issue("server"))
        var client = TLSConfiguration.makeClientConfiguration()
        client.trustRoots = .file(authority.certificate)
        client.applicationProtocols = ["h2"]
        return (
            try ServerTLS(.init(identity: identity), logger: Fixture.logger()), try NIOSSLContext(configuration: client)
        )
    }

    /// The stream is over for HTTP/2 when its last byte is framed. Most of this answer waits in the process then: the client
    /// reads nothing until the server has decided to close.
    @Test(arguments: [false, true])
    func answerThatWaitsForASlowReaderArrivesWholeBeforeTheClose(isSecure: Bool) async throws {
        let count = 900 << 10
        let server = Self.server(answerByteCount: count)
        let tls = isSecure ? try Self.secured() : nil
        let listener = try await server.bootstrap(tls?.server).childChannelOption(
            .socketOption(.so_sndbuf), value: 64 << 10
        )
        .bind(host: "127.0.0.1", port: 0).get()
        let port = UInt16(try #require(listener.localAddress?.port))
        let client = try await Attacker.greeted(port: port, settings: Self.window, tls: tls?.client)
        #expect(await client.frame { $0.kind == .settings } != nil)
        try await client.setReads(false)
        await client.send(.windowUpdate(stream: 0, by: 16 << 20))
        await client.send(.request(1, path: Fixture.echo.path), .data(1, RawFrame.message([1]), end: true))
        while try await Self.ask(server, { $0.session.framedByteCount }) ?? 0 <= UInt64(count) {}
        #expect(try await Self.ask(server) { $0.stalledWritePosition } != nil, "nothing waits: the sockets took all")

        let stopped = Task { await server.shutdown(grace: .seconds(60)) }
        // The answer to the server's ping, which the client has not read; until it has asked, it is nobody's.
        let payload = withUnsafeBytes(of: HTTP2Connection.PingPurpose.announcement.rawValue) { Array($0) }
        let answer = RawFrame(.ping, flags: RawFrame.acknowledged, stream: 0, payload: payload)
        while try await Self.ask(server, { $0.isOpen }) ?? false { await client.send(answer) }
        try await client.setReads(true)
        var received = 0
        var isOK = false
        for await frame in client.frames {
            if frame.kind == .data { received += frame.payload.count }
            if frame.kind == .headers, frame.flags & RawFrame.endStream != 0 { isOK = true }
        }
        #expect(received == count + 5)
        #expect(isOK)
        await stopped.value
        try await listener.close()
    }

    /// A client that never takes its answer does not keep a server from stopping.
    @Test func closeIsNotWaitedForBeyondTheGrace() async throws {
        let server = Self.server(answerByteCount: 3 << 20)
        let port = try await server.listen(host: "127.0.0.1", port: 0)
        let client = try await Attacker.greeted(port: port, settings: Self.window, reads: false)
        await client.send(.windowUpdate(stream: 0, by: 16 << 20))
        await client.send(.request(1, path: Fixture.echo.path), .data(1, RawFrame.message([1]), end: true))
        let start = NIODeadline.now()
        await server.shutdown(grace: .milliseconds(100))
        #expect(NIODeadline.now() - start < .seconds(5))
        await client.close()
    }
}
