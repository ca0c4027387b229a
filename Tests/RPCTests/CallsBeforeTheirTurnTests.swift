import NIOCore
import Testing

@testable import RPC

/// Calls above the number that the server lets run at once, here one.
@Suite(.timeLimit(.minutes(1))) struct CallsBeforeTheirTurnTests {
    private static let maxWaitingCalls = 10

    /// Runs `body` while a call is open, on a connection that takes no other beside it.
    private func besideACall(_ body: @escaping @Sendable (ClientChannel) async throws -> Void) async throws {
        var server = RPCServer.Configuration()
        server.http2.maxConcurrentStreams = 1
        var client = ClientChannel.Configuration()
        client.maxWaitingCalls = Self.maxWaitingCalls
        try await Fixture.overTCP(server: server, client: client, echoHandler) { fixture in
            try await fixture.channel.withCall(Fixture.echo) { call in
                try await call.send(message("first"))
                #expect(text(try await call.receive()) == "first")
                try await body(fixture.channel)
                try await call.send(message("last"))
                #expect(text(try await call.receive()) == "last")
            }
        }
    }

    private static func giveUp(_ count: Int, on channel: ClientChannel) async {
        for _ in 0..<count {
            let error = await #expect(throws: RPCError.self) {
                try await channel.unary(Fixture.echo, message("x"), CallOptions(timeout: .milliseconds(5)))
            }
            #expect(error?.code == .deadlineExceeded)
        }
    }

    @Test func callsThatGaveUpWaitNoMore() async throws {
        try await besideACall { channel in
            await Self.giveUp(Self.maxWaitingCalls - 1, on: channel)
            let (begun, begins) = AsyncStream<Void>.makeStream()
            await withTaskGroup(of: Void.self) { tasks in
                for _ in 0..<Self.maxWaitingCalls {
                    tasks.addTask {
                        let error = await #expect(throws: RPCError.self) {
                            try await channel.withCall(Fixture.echo) { call in
                                begins.yield()
                                return try await call.receive() == nil
                            }
                        }
                        #expect(error?.code == .cancelled)
                    }
                }
                var count = 0
                for await _ in begun {
                    count += 1
                    if count == Self.maxWaitingCalls { break }
                }
                let error = await #expect(throws: RPCError.self) {
                    try await channel.unary(Fixture.echo, message("one too many"))
                }
                #expect(error?.code == .resourceExhausted)
                tasks.cancelAll()
            }
        }
    }

    /// The connection keeps a little of each of them; a new one is made before that is much.
    @Test func manyThatGaveUpMakeTheNextCallTakeAnotherConnection() async throws {
        try await besideACall { channel in
            let connection = channel.readyConnection
            await Self.giveUp(Self.maxWaitingCalls, on: channel)
            #expect(channel.readyConnection == connection)
            let answer = try await channel.unary(Fixture.echo, message("next"), CallOptions(timeout: .seconds(20)))
            #expect(text(answer.message) == "next")
            #expect(channel.readyConnection != connection)
        }
    }

    @Test func callsThatWaitAreAnsweredAfterThoseThatGaveUp() async throws {
        var server = RPCServer.Configuration()
        server.http2.maxConcurrentStreams = 1
        try await Fixture.overTCP(server: server, echoHandler) { fixture in
            let channel = fixture.channel
            let waiting = try await channel.withCall(Fixture.echo) { call in
                try await call.send(message("first"))
                #expect(text(try await call.receive()) == "first")
                await Self.giveUp(3, on: channel)
                let (begun, begins) = AsyncStream<Void>.makeStream()
                let waiting = Task {
                    try await channel.withCall(Fixture.echo) { call in
                        begins.yield()
                        try await call.send(message("second"))
                        return text(try await call.receive())
                    }
                }
                for await _ in begun { break }
                await Self.giveUp(3, on: channel)
                return waiting
            }
            #expect(try await waiting.value == "second")
        }
    }
}
