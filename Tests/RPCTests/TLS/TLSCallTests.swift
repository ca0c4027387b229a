import NIOCore
import NIOPosix
import NIOSSL
import TestCertificates
import Testing

@testable import RPC

@Suite struct TLSCallTests {
    @Test(arguments: ["localhost", "127.0.0.1"])
    func callsAreAnsweredOverTLSByNameAndByAddress(_ host: String) async throws {
        let authority = try TestAuthority()
        try await TLSFixture.run(authority: authority, identity: try authority.issue("server")) { fixture in
            let answer = try await fixture.echo(host: host)
            #expect(answer == "hello")
        }
    }

    @Test func oneServerSpeaksPlaintextAndTLSOnTwoPorts() async throws {
        let authority = try TestAuthority()
        try await TLSFixture.run(authority: authority, identity: try authority.issue("server")) { fixture in
            let port = try await fixture.server.listen(host: "127.0.0.1", port: 0)
            let plain = ClientChannel(
                host: "127.0.0.1", port: port, group: MultiThreadedEventLoopGroup.singleton, logger: Fixture.logger())
            #expect(text(try await plain.unary(Fixture.echo, message("plain")).message) == "plain")
            #expect(try await fixture.echo() == "hello")
            await plain.close()
        }
    }

    @Test func largeMessagesPass() async throws {
        let authority = try TestAuthority()
        try await TLSFixture.run(authority: authority, identity: try authority.issue("server")) { fixture in
            var configuration = ClientChannel.Configuration()
            configuration.tls = try ClientTLS(
                .init(trust: .file(authority.certificate)), logger: Fixture.logger())
            let channel = ClientChannel(
                host: "localhost", port: fixture.port, group: MultiThreadedEventLoopGroup.singleton,
                configuration: configuration, logger: Fixture.logger())
            let large = RPCMessage(ByteBuffer(repeating: 7, count: 4 << 20))
            #expect(try await channel.unary(Fixture.echo, large).message.contiguous() == large.contiguous())
            await channel.close()
        }
    }

    /// What it has read and written with once stays with it for as long as it lives.
    @Test(.timeLimit(.minutes(1))) func idleTLSConnectionIsClosed() async throws {
        #expect(ConnectionLimits().maxIdle(isSecure: false) == nil)
        #expect(ConnectionLimits().maxIdle(isSecure: true) == .seconds(300))
        let (closed, connectionClosed) = AsyncStream<ConnectionID>.makeStream()
        var server = RPCServer.Configuration()
        server.onConnectionClosed = { connectionClosed.yield($0) }
        server.limits.maxSecuredIdle = .milliseconds(20)
        let authority = try TestAuthority()
        let identity = try authority.issue("server")
        try await TLSFixture.run(authority: authority, identity: identity, server: server) { fixture in
            var configuration = ClientChannel.Configuration()
            configuration.tls = try ClientTLS(
                .init(trust: .file(authority.certificate)), logger: Fixture.logger())
            let channel = ClientChannel(
                host: "localhost", port: fixture.port, group: MultiThreadedEventLoopGroup.singleton,
                configuration: configuration, logger: Fixture.logger())
            for _ in 0..<2 {
                #expect(text(try await channel.unary(Fixture.echo, message("x")).message) == "x")
                for await _ in closed { break }
            }
            await channel.close()
        }
    }

    @Test func clientCertificateOpensAServerThatAsksForOne() async throws {
        let authority = try TestAuthority()
        let clients = ServerTLS.ClientCertificates.required(.file(authority.certificate))
        let identity = try authority.issue("server")
        try await TLSFixture.run(authority: authority, identity: identity, clients: clients) { fixture in
            let answer = try await fixture.echo(as: try authority.issue("client", for: ["DNS:someone"]))
            #expect(answer == "hello")
        }
    }

    @Test func serverNameMayDifferFromTheHostThatIsDialled() async throws {
        let authority = try TestAuthority()
        let identity = try authority.issue("server", for: ["DNS:storage.example"])
        try await TLSFixture.run(authority: authority, identity: identity) { fixture in
            let answer = try await fixture.echo(host: "127.0.0.1", serverName: "storage.example")
            #expect(answer == "hello")
        }
    }

    @Test func newCertificateIsShownToNewConnectionsWithoutARestart() async throws {
        let (old, new) = (try TestAuthority(), try TestAuthority())
        let identity = try old.issue("server")
        try await TLSFixture.run(authority: old, identity: identity) { fixture in
            #expect(try await fixture.echo() == "hello")
            let replacement = try new.issue("server")
            // First only the certificate: with the old key it is unusable, so the old pair stays.
            try replace(identity.certificate, with: replacement.certificate)
            #expect(try await fixture.echo() == "hello")
            try replace(identity.key, with: replacement.key)
            #expect(try await fixture.echo(trusting: new.certificate) == "hello")
            await fixture.expectRefusal("trusted CA", trusting: old.certificate)
        }
    }
}
