import Foundation
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import RPC

/// Servers that answer with their number, and channels over several of them.
@Suite struct BalancedChannelTests {
    private func withServers(_ count: Int, _ body: ([RPCServer], [UInt16]) async throws -> Void) async throws {
        var servers: [RPCServer] = []
        var ports: [UInt16] = []
        for index in 0..<count {
            let server = Self.server(index)
            ports.append(try await server.listen(host: "127.0.0.1", port: 0))
            servers.append(server)
        }
        let result: Result<Void, any Error>
        do { result = .success(try await body(servers, ports)) } catch { result = .failure(error) }
        for server in servers { await server.shutdown(grace: .zero) }
        try result.get()
    }

    private static func server(_ index: Int) -> RPCServer {
        var routes = ServiceRoutes()
        routes.add(Fixture.echo) { call in
            _ = try await call.receive()
            try await call.send(message("\(index)"))
        }
        return RPCServer(
            routes: routes, configuration: .init(), group: MultiThreadedEventLoopGroup.singleton,
            logger: Fixture.logger())
    }

    private func channel(
        _ target: String, _ balancing: LoadBalancing, lookup: Resolution.Lookup? = nil
    ) throws -> ClientChannel {
        var configuration = ClientChannel.Configuration()
        configuration.loadBalancing = balancing
        configuration.backoff.initial = .milliseconds(10)
        configuration.backoff.maximum = .milliseconds(100)
        configuration.minLookupInterval = .milliseconds(10)
        return ClientChannel(
            target: try Target(target), eventLoop: MultiThreadedEventLoopGroup.singleton.next(),
            configuration: configuration, logger: Fixture.logger(), lookup: lookup)
    }

    private func ask(_ channel: ClientChannel, waitForReady: Bool = false) async throws -> String? {
        let options = CallOptions(timeout: .seconds(20), waitForReady: waitForReady)
        return text(try await channel.unary(Fixture.echo, message("who"), options).message)
    }

    /// Asks until an answer comes: a call may go out on a connection whose end is not known here yet.
    private func askAfterLoss(_ channel: ClientChannel) async throws -> String? {
        for _ in 0..<100 {
            do {
                return try await ask(channel, waitForReady: true)
            } catch let error as RPCError where error.code == .unavailable {
                continue
            }
        }
        return nil
    }

    @Test func pickFirstGoesOnWhereAnAddressRefuses() async throws {
        try await withServers(2) { servers, ports in
            let channel = try channel("ipv4:127.0.0.1:1,127.0.0.1:\(ports[0]),127.0.0.1:\(ports[1])", .pickFirst)
            for _ in 0..<5 { #expect(try await ask(channel) == "0") }
            await servers[0].shutdown(grace: .zero)
            #expect(try await askAfterLoss(channel) == "1")
            await channel.close()
        }
    }

    @Test func roundRobinReachesAllAndLeavesOutTheLost() async throws {
        try await withServers(3) { servers, ports in
            let channel = try channel("ipv4:" + ports.map { "127.0.0.1:\($0)" }.joined(separator: ","), .roundRobin)
            var seen: Set<String> = []
            for _ in 0..<1000 where seen.count < 3 { if let answer = try await ask(channel) { seen.insert(answer) } }
            #expect(seen == ["0", "1", "2"])
            await servers[1].shutdown(grace: .zero)
            for _ in 0..<20 { #expect(["0", "2"].contains(try await askAfterLoss(channel))) }
            await channel.close()
        }
    }

    @Test(arguments: [LoadBalancing.pickFirst, .roundRobin])
    func unreachableTargetIsUnavailableAndNamed(_ balancing: LoadBalancing) async throws {
        let channel = try channel("ipv4:127.0.0.1:1,127.0.0.2:1", balancing)
        let error = await #expect(throws: RPCError.self) { try await ask(channel) }
        #expect(error?.code == .unavailable && error?.message.contains("127.0.0.1:1") == true)
        await channel.close()
        let closed = await #expect(throws: RPCError.self) { try await ask(channel) }
        #expect(closed?.code == .cancelled)
    }

    @Test func waitingCallGoesOutWhenAServerComes() async throws {
        let first = Self.server(0)
        let port = try await first.listen(host: "127.0.0.1", port: 0)
        await first.shutdown(grace: .zero)
        let channel = try channel("ipv4:127.0.0.1:\(port)", .pickFirst)
        await #expect(throws: RPCError.self) { try await ask(channel) }
        async let answer = ask(channel, waitForReady: true)
        let second = Self.server(1)
        _ = try await second.listen(host: "127.0.0.1", port: port)
        #expect(try await answer == "1")
        await channel.close()
        await second.shutdown(grace: .zero)
    }

    @Test func nameIsLookedUpAgainWhenAConnectionIsLost() async throws {
        try await withServers(2) { servers, ports in
            let current = Mutex(ports[0])
            let lookups = Mutex(0)
            let channel = try channel("dns:cluster.example:1", .pickFirst) {
                lookups.withLock { $0 += 1 }
                return [.ip("127.0.0.1", port: current.withLock { $0 })]
            }
            for _ in 0..<5 { #expect(try await ask(channel) == "0") }
            #expect(lookups.withLock { $0 } == 1)
            current.withLock { $0 = ports[1] }
            await servers[0].shutdown(grace: .zero)
            #expect(try await askAfterLoss(channel) == "1")
            await channel.close()
        }
    }

    @Test func nameThatIsNotFoundIsUnavailableAndTriedAgain() async throws {
        try await withServers(1) { _, ports in
            let isKnown = Mutex(false)
            let channel = try channel("cluster.example:1", .roundRobin) {
                guard isKnown.withLock({ $0 }) else { throw RPCError(.unavailable, "cannot find the host") }
                return [.ip("127.0.0.1", port: ports[0])]
            }
            let error = await #expect(throws: RPCError.self) { try await ask(channel) }
            #expect(error?.code == .unavailable && error?.message.contains("cannot find") == true)
            isKnown.withLock { $0 = true }
            #expect(try await ask(channel, waitForReady: true) == "0")
            await channel.close()
        }
    }
}
