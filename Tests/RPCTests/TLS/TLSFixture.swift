import Logging
import NIOCore
import NIOPosix
import TestCertificates
import Testing

@testable import RPC

/// A server with a TLS port, and a way to make channels to it.
struct TLSFixture: Sendable {
    let server: RPCServer
    let port: UInt16
    let authority: TestAuthority

    /// Runs `body` with a server that shows `identity`.
    static func run(
        authority: TestAuthority, identity: TestAuthority.Identity, clients: ServerTLS.ClientCertificates = .none,
        server configuration: RPCServer.Configuration = .init(), handshakeTimeout: Duration = .seconds(10),
        _ body: (TLSFixture) async throws -> Void
    ) async throws {
        var routes = ServiceRoutes()
        routes.add(Fixture.echo, handler: echoHandler)
        let server = RPCServer(
            routes: routes, configuration: configuration, group: MultiThreadedEventLoopGroup.singleton,
            logger: Fixture.logger())
        var tls = ServerTLS.Configuration(identity: TLSIdentity(identity))
        tls.clientCertificates = clients
        tls.handshakeTimeout = handshakeTimeout
        tls.reloadInterval = .zero
        let port = try await server.listen(
            host: "127.0.0.1", port: 0, tls: try ServerTLS(tls, logger: Fixture.logger()))
        do {
            try await body(TLSFixture(server: server, port: port, authority: authority))
        } catch {
            await server.shutdown(grace: .zero)
            throw error
        }
        await server.shutdown(grace: .zero)
    }

    /// Calls Echo once over a new channel.
    ///
    /// - Parameter trusting: the roots; by default the fixture's authority.
    func echo(
        host: String = "localhost", trusting: String? = nil, as identity: TestAuthority.Identity? = nil,
        serverName: String? = nil, timeout: Duration = .seconds(20)
    ) async throws -> String? {
        var tls = ClientTLS.Configuration(
            trust: .file(trusting ?? authority.certificate), identity: identity.map { TLSIdentity($0) })
        tls.serverName = serverName
        var configuration = ClientChannel.Configuration()
        configuration.tls = try ClientTLS(tls, logger: Fixture.logger())
        let channel = ClientChannel(
            host: host, port: port, group: MultiThreadedEventLoopGroup.singleton, configuration: configuration,
            logger: Fixture.logger())
        do {
            let answer = try await channel.unary(Fixture.echo, message("hello"), CallOptions(timeout: timeout))
            await channel.close()
            return text(answer.message)
        } catch {
            await channel.close()
            throw error
        }
    }

    /// Calls Echo and expects UNAVAILABLE with `words` in the message.
    func expectRefusal(
        _ words: String, host: String = "localhost", trusting: String? = nil,
        as identity: TestAuthority.Identity? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async {
        let error = await #expect(throws: RPCError.self, sourceLocation: sourceLocation) {
            try await echo(host: host, trusting: trusting, as: identity)
        }
        #expect(error?.code == .unavailable, sourceLocation: sourceLocation)
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "")", sourceLocation: sourceLocation)
    }
}

extension TLSIdentity {
    init(_ identity: TestAuthority.Identity) {
        self.init(certificateFile: identity.certificate, keyFile: identity.key)
    }
}
