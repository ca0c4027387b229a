import Logging
import NIOCore
import NIOPosix
import Testing

@testable import RPC

@Suite struct ChannelTests {
    @Test func unreachableServerIsUnavailableAtOnce() async throws {
        let channel = ClientChannel(
            host: "127.0.0.1", port: 1, group: MultiThreadedEventLoopGroup.singleton, logger: Fixture.logger())
        let error = await #expect(throws: RPCError.self) { try await channel.unary(Fixture.echo, message("x")) }
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("127.0.0.1:1") == true)
        await channel.close()
    }

    @Test func waitingCallGivesUpAtItsDeadline() async throws {
        let channel = ClientChannel(
            host: "127.0.0.1", port: 1, group: MultiThreadedEventLoopGroup.singleton, logger: Fixture.logger())
        let options = CallOptions(timeout: .milliseconds(100), waitForReady: true)
        let error = await #expect(throws: RPCError.self) {
            try await channel.unary(Fixture.echo, message("x"), options)
        }
        #expect(error?.code == .deadlineExceeded)
        await channel.close()
    }

    @Test func lostServerIsFoundAgain() async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        var routes = ServiceRoutes()
        routes.add(Fixture.echo, handler: echoHandler)
        let first = RPCServer(routes: routes, configuration: .init(), group: group, logger: Fixture.logger())
        let held = try HeldPort()
        let port = try await first.listen(host: "127.0.0.1", port: held.number)
        var configuration = ClientChannel.Configuration()
        configuration.backoff.initial = .milliseconds(10)
        let channel = ClientChannel(
            host: "127.0.0.1", port: port, group: group, configuration: configuration, logger: Fixture.logger())
        #expect(text(try await channel.unary(Fixture.echo, message("one")).message) == "one")
        await first.shutdown(grace: .zero)

        let second = RPCServer(routes: routes, configuration: .init(), group: group, logger: Fixture.logger())
        _ = try await second.listen(host: "127.0.0.1", port: port)
        let options = CallOptions(timeout: .seconds(10), waitForReady: true)
        #expect(text(try await channel.unary(Fixture.echo, message("two"), options).message) == "two")
        await channel.close()
        await second.shutdown(grace: .zero)
    }

    @Test func shutdownLetsOpenCallsFinish() async throws {
        try await Fixture.overTCP(echoHandler) { fixture in
            try await fixture.channel.withCall(Fixture.echo) { call in
                try await call.send(message("a"))
                #expect(text(try await call.receive()) == "a")
                async let shutdown: Void = fixture.server.shutdown(grace: .seconds(10))
                try await call.send(message("b"))
                #expect(text(try await call.receive()) == "b")
                call.finishSending()
                #expect(try await call.receive() == nil)
                await shutdown
            }
        }
    }

    @Test func closedConnectionIsToldAfterItsCalls() async throws {
        let (closed, connectionClosed) = AsyncStream<ConnectionID>.makeStream()
        var configuration = RPCServer.Configuration()
        configuration.onConnectionClosed = { connectionClosed.yield($0) }
        let (ids, sawCall) = AsyncStream<ConnectionID>.makeStream()
        let handler: ServiceRoutes.Handler = { call in
            sawCall.yield(call.connectionID)
            try await echoHandler(call)
        }
        try await Fixture.overTCP(server: configuration, handler) { fixture in
            _ = try await fixture.channel.unary(Fixture.echo, message("x"))
            await fixture.channel.close()
            var seen = ids.makeAsyncIterator()
            var gone = closed.makeAsyncIterator()
            #expect(await seen.next() == gone.next())
        }
    }

    @Test func portInUseIsNamed() async throws {
        try await Fixture.overTCP(echoHandler) { fixture in
            let other = RPCServer(
                routes: ServiceRoutes(), configuration: .init(), group: MultiThreadedEventLoopGroup.singleton,
                logger: Fixture.logger())
            let error = await #expect(throws: RPCError.self) {
                try await other.listen(host: "127.0.0.1", port: fixture.port)
            }
            #expect(error?.message.contains("in use") == true)
        }
    }

    @Test func backoffGrowsToItsMaximumAndIsJittered() {
        let backoff = ConnectionBackoff()
        #expect(backoff.delay(failureCount: 1, random: 0) == .seconds(1))
        #expect(backoff.delay(failureCount: 2, random: 0) == .milliseconds(1600))
        #expect(backoff.delay(failureCount: 100, random: 0) == .seconds(120))
        #expect(backoff.delay(failureCount: 1, random: 1) == .milliseconds(1200))
        #expect(backoff.delay(failureCount: 1, random: -1) == .milliseconds(800))
    }
}
