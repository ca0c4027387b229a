import NIOCore
import NIOPosix
import NIOSSL
import TestCertificates
import Testing

@testable import RPC

@Suite struct TLSRefusalTests {
    private func run(
        _ identity: (TestAuthority) throws -> TestAuthority.Identity, needsClientCertificate: Bool = false,
        _ body: (TLSFixture) async throws -> Void
    ) async throws {
        let authority = try TestAuthority()
        try await TLSFixture.run(
            authority: authority, identity: try identity(authority),
            clients: needsClientCertificate ? .required(.file(authority.certificate)) : .none, body)
    }

    @Test func expiredServerIsRefused() async throws {
        try await run({ try $0.issue("server", isExpired: true) }) { await $0.expectRefusal("expired") }
    }

    @Test func unknownAuthorityIsRefused() async throws {
        let stranger = try TestAuthority()
        try await run({ try $0.issue("server") }) {
            await $0.expectRefusal("trusted CA", trusting: stranger.certificate)
        }
    }

    @Test(arguments: ["localhost", "127.0.0.1"])
    func serverOfAnotherNameIsRefused(_ host: String) async throws {
        try await run({ try $0.issue("server", for: ["DNS:elsewhere.example"]) }) {
            await $0.expectRefusal("not for \(host)", host: host)
        }
    }

    @Test func clientWithoutCertificateIsRefusedWhereOneIsAskedFor() async throws {
        try await run({ try $0.issue("server") }, needsClientCertificate: true) {
            await $0.expectRefusal("client certificate")
        }
    }

    @Test func clientOfAnotherAuthorityIsRefused() async throws {
        let strangers = try TestAuthority()
        let stranger = try strangers.issue("client")
        try await run({ try $0.issue("server") }, needsClientCertificate: true) {
            await $0.expectRefusal("our certificate", as: stranger)
        }
    }

    @Test func clientDoesNotFallBackToPlaintext() async throws {
        let authority = try TestAuthority()
        try await Fixture.overTCP(echoHandler) { fixture in
            let tls = TLSFixture(server: fixture.server, port: fixture.port, authority: authority)
            await tls.expectRefusal("TLS")
        }
    }

    @Test func serverWithoutHTTP2IsRefused() async throws {
        let authority = try TestAuthority()
        let identity = try authority.issue("server")
        let context = try NIOSSLContext(
            configuration: .makeServerConfiguration(
                certificateChain: try NIOSSLCertificate.fromPEMFile(identity.certificate).map { .certificate($0) },
                privateKey: .privateKey(try NIOSSLPrivateKey(file: identity.key, format: .pem))))
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
                }
            }.bind(host: "127.0.0.1", port: 0).get()
        let server = RPCServer(
            routes: ServiceRoutes(), configuration: .init(), group: MultiThreadedEventLoopGroup.singleton,
            logger: Fixture.logger())
        let port = UInt16(try #require(listener.localAddress?.port))
        await TLSFixture(server: server, port: port, authority: authority).expectRefusal("ALPN")
        try await listener.close()
    }

    @Test func clientWithoutHTTP2IsClosedByTheServer() async throws {
        try await run({ try $0.issue("server") }) { fixture in
            var configuration = TLSConfiguration.makeClientConfiguration()
            configuration.trustRoots = .file(fixture.authority.certificate)
            let context = try NIOSSLContext(configuration: configuration)
            let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(
                            NIOSSLClientHandler(context: context, serverHostname: "localhost"))
                    }
                }.connect(host: "127.0.0.1", port: Int(fixture.port)).get()
            try await channel.closeFuture.get()
        }
    }

    @Test func silentHandshakeIsEndedAndCountsAsAConnection() async throws {
        let authority = try TestAuthority()
        var configuration = RPCServer.Configuration()
        configuration.maxConnections = 1
        try await TLSFixture.run(
            authority: authority, identity: try authority.issue("server"), server: configuration,
            handshakeTimeout: .seconds(1)
        ) { fixture in
            let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            let silent = try await bootstrap.connect(host: "127.0.0.1", port: Int(fixture.port)).get()
            while fixture.server.state.withLock({ $0.handshaking.isEmpty }) { await Task.yield() }
            // One more than the limit: closed without waiting for the first.
            await fixture.expectRefusal("cannot connect")
            try await silent.closeFuture.get()
            #expect(try await fixture.echo() == "hello")
        }
    }

    @Test func shutdownDoesNotWaitForHandshakes() async throws {
        try await run({ try $0.issue("server") }) { fixture in
            let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            let silent = try await bootstrap.connect(host: "127.0.0.1", port: Int(fixture.port)).get()
            await fixture.server.shutdown(grace: .zero)
            try await silent.closeFuture.get()
        }
    }
}
