import Foundation
import Glibc
import NIOCore
import NIOPosix
import TestCertificates
import Testing

@testable import RPC

@Suite struct UnixSocketTests {
    private let path = NSTemporaryDirectory() + "dfs-\(UInt32.random(in: 0 ... .max)).sock"

    private func server() -> RPCServer {
        var routes = ServiceRoutes()
        routes.add(Fixture.echo, handler: echoHandler)
        return RPCServer(
            routes: routes, configuration: .init(), group: MultiThreadedEventLoopGroup.singleton,
            logger: Fixture.logger())
    }

    private func echo(_ target: String, tls: ClientTLS? = nil) async throws -> String? {
        var configuration = ClientChannel.Configuration()
        configuration.tls = tls
        let channel = ClientChannel(
            target: try Target(target), group: MultiThreadedEventLoopGroup.singleton, configuration: configuration,
            logger: Fixture.logger())
        do {
            let answer = try await channel.unary(Fixture.echo, message("x"), CallOptions(timeout: .seconds(20)))
            await channel.close()
            return text(answer.message)
        } catch {
            await channel.close()
            throw error
        }
    }

    private func leaveSocketFile() throws {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        let code = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        close(descriptor)
        try #require(code == 0)
    }

    @Test func socketFileCarriesCallsAndGoesWithTheServer() async throws {
        let server = server()
        try await server.listen(unixPath: path)
        #expect(try await echo("unix:\(path)") == "x")
        #expect(try await echo("unix://\(path)") == "x")
        await server.shutdown(grace: .zero)
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test func staleSocketFileIsReplacedAndALiveOneIsNot() async throws {
        // A listener that goes without removing its file, as a process that is killed does.
        try leaveSocketFile()
        #expect(FileManager.default.fileExists(atPath: path))
        let (first, second) = (server(), server())
        try await first.listen(unixPath: path)
        let error = await #expect(throws: RPCError.self) { try await second.listen(unixPath: path) }
        #expect(error?.message.contains("in use") == true)
        #expect(try await echo("unix:\(path)") == "x")
        await first.shutdown(grace: .zero)
        await second.shutdown(grace: .zero)
    }

    @Test func fileThatIsNoSocketIsLeftAlone() async throws {
        try Data("mine".utf8).write(to: URL(fileURLWithPath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        let server = server()
        let error = await #expect(throws: RPCError.self) { try await server.listen(unixPath: path) }
        #expect(error?.message.contains(path) == true)
        #expect(FileManager.default.contents(atPath: path) == Data("mine".utf8))
        await server.shutdown(grace: .zero)
    }

    @Test func abstractSocketCarriesCalls() async throws {
        let name = "dfs-test-\(UInt32.random(in: 0 ... .max))"
        let server = server()
        try await server.listen(abstractName: name)
        #expect(try await echo("unix-abstract:\(name)") == "x")
        await server.shutdown(grace: .zero)
        let error = await #expect(throws: RPCError.self) { try await echo("unix-abstract:\(name)") }
        #expect(error?.code == .unavailable)
    }

    @Test func missingSocketIsUnavailable() async throws {
        let error = await #expect(throws: RPCError.self) { try await echo("unix:/nowhere/socket") }
        #expect(error?.code == .unavailable)
    }

    /// The files are looked at when they are to be read again, and no sooner here.
    @Test func certificatesOfSocketsAreReadAgain() async throws {
        let (old, new) = (try TestAuthority(), try TestAuthority())
        let name = "dfs-test-\(UInt32.random(in: 0 ... .max))"
        let server = server()
        var identities: [TestAuthority.Identity] = []
        for number in 0..<2 {
            let identity = try old.issue("server-\(number)", for: ["DNS:node.example"])
            identities.append(identity)
            var configuration = ServerTLS.Configuration(identity: TLSIdentity(identity))
            configuration.reloadInterval = .seconds(3600)
            let tls = try ServerTLS(configuration, logger: Fixture.logger())
            if number == 0 {
                try await server.listen(unixPath: path, tls: tls)
            } else {
                try await server.listen(abstractName: name, tls: tls)
            }
        }
        func echo(trusting authority: TestAuthority) async throws -> [String?] {
            var trust = ClientTLS.Configuration(trust: .file(authority.certificate))
            trust.serverName = "node.example"
            let tls = try ClientTLS(trust, logger: Fixture.logger())
            return [
                try await self.echo("unix:\(path)", tls: tls), try await self.echo("unix-abstract:\(name)", tls: tls),
            ]
        }
        #expect(try await echo(trusting: old) == ["x", "x"])
        for (number, identity) in identities.enumerated() {
            let replacement = try new.issue("new-\(number)", for: ["DNS:node.example"])
            try replace(identity.certificate, with: replacement.certificate)
            try replace(identity.key, with: replacement.key)
        }
        await server.reloadTLS()
        #expect(try await echo(trusting: new) == ["x", "x"])
        await server.shutdown(grace: .zero)
    }

    @Test func tlsOverASocketFileNeedsAName() async throws {
        let authority = try TestAuthority()
        let identity = TLSIdentity(try authority.issue("server", for: ["DNS:node.example"]))
        let server = server()
        try await server.listen(
            unixPath: path, tls: try ServerTLS(.init(identity: identity), logger: Fixture.logger()))
        var trust = ClientTLS.Configuration(trust: .file(authority.certificate))
        let unnamed = try ClientTLS(trust, logger: Fixture.logger())
        let error = await #expect(throws: RPCError.self) { try await echo("unix:\(path)", tls: unnamed) }
        #expect(error?.code == .unavailable && error?.message.contains("name") == true)
        trust.serverName = "node.example"
        let named = try ClientTLS(trust, logger: Fixture.logger())
        #expect(try await echo("unix:\(path)", tls: named) == "x")
        await server.shutdown(grace: .zero)
    }
}
