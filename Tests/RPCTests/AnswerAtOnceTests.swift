import NIOCore
import Synchronization
import Testing

@testable import RPC

/// Unary calls that are answered without a task look to their clients as others do. Mostly over memory: there each request
/// comes whole, however many are under way.
@Suite(.timeLimit(.minutes(1))) struct AnswerAtOnceTests {
    /// Is not to be asked.
    private static let unasked: ServiceRoutes.Handler = { _ in throw RPCError(.dataLoss, "the handler was asked") }

    @Test func wholeRequestsAreAnsweredInOrderWithTheirMetadata() async throws {
        let atOnce: ServiceRoutes.ImmediateHandler = { request, call in
            call.sendInitialMetadata(["initial": "one"])
            call.setTrailingMetadata(["trailing": "two"])
            return request
        }
        try await Fixture.inMemory(pieceByteCount: .max, atOnce: atOnce, Self.unasked) { fixture in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<200 {
                    group.addTask {
                        let answer = try await fixture.channel.unary(Fixture.echo, message("\(number)"))
                        #expect(text(answer.message) == "\(number)")
                        #expect(answer.initialMetadata.first("initial") == "one")
                        #expect(answer.trailingMetadata.first("trailing") == "two")
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func largeAnswersComeWhole() async throws {
        let large = String(repeating: "x", count: 3 << 20)
        try await Fixture.inMemory(pieceByteCount: .max, atOnce: { _, _ in message(large) }, Self.unasked) { fixture in
            for _ in 0..<3 {
                let answer = try await fixture.channel.unary(Fixture.echo, message("all of it"))
                #expect(text(answer.message) == large)
            }
        }
    }

    @Test func errorsEndTheCallAsThoseOfHandlersDo() async throws {
        struct Unknown: Error {}
        let atOnce: ServiceRoutes.ImmediateHandler = { request, _ in
            switch text(request) {
            case "status": throw RPCError(.notFound, "nothing here", metadata: ["key": "value"])
            case "cancelled": throw CancellationError()
            case "unknown": throw Unknown()
            default: return request
            }
        }
        try await Fixture.inMemory(pieceByteCount: .max, atOnce: atOnce, Self.unasked) { fixture in
            for (request, code) in [("status", RPCCode.notFound), ("cancelled", .cancelled), ("unknown", .unknown)] {
                let error = await #expect(throws: RPCError.self) {
                    try await fixture.channel.unary(Fixture.echo, message(request))
                }
                #expect(error?.code == code)
                #expect(error?.metadata.first("key") == (code == .notFound ? "value" : nil))
            }
            let answer = try await fixture.channel.unary(Fixture.echo, message("fine"))
            #expect(text(answer.message) == "fine")
        }
    }

    /// The handler finds the request as if nobody had been asked before.
    @Test func callsThatHaveToWaitAreTheHandlers() async throws {
        let atOnce: ServiceRoutes.ImmediateHandler = { request, _ in text(request) == "wait" ? nil : request }
        let handler: ServiceRoutes.Handler = { call in
            let request = try await call.receive()
            #expect(text(request) == "wait" && CallContext.deadline == call.deadline)
            #expect(call.statistics.messagesReceived == 1)
            await Task.yield()
            let end = try await call.receive()
            #expect(end == nil)
            try await call.send(message("waited"))
        }
        try await Fixture.inMemory(pieceByteCount: .max, atOnce: atOnce, handler) { fixture in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<200 {
                    let (request, answer) = number % 3 == 0 ? ("wait", "waited") : ("\(number)", "\(number)")
                    let options = CallOptions(timeout: number % 2 == 0 ? .seconds(30) : nil)
                    group.addTask {
                        let response = try await fixture.channel.unary(Fixture.echo, message(request), options)
                        #expect(text(response.message) == answer)
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    /// In pieces, compressed, empty or more than one: only what is there as one whole message is answered at once.
    @Test func otherRequestsAreTheHandlers() async throws {
        let atOnce: ServiceRoutes.ImmediateHandler = { request, _ in
            #expect(text(request) == "whole")
            return request
        }
        try await Fixture.overTCP(atOnce: atOnce, echoHandler) { fixture in
            let packed = try await fixture.channel.unary(
                Fixture.echo, message("packed"), CallOptions(compression: .gzip))
            #expect(text(packed.message) == "packed")
            try await fixture.channel.withCall(Fixture.echo) { call in
                for number in 0..<3 { try await call.send(message("\(number)")) }
                call.finishSending()
                for number in 0..<3 {
                    let answer = try await call.receive()
                    #expect(text(answer) == "\(number)")
                }
                let end = try await call.receive()
                #expect(end == nil)
            }
            try await fixture.channel.withCall(Fixture.echo) { call in
                call.finishSending()
                let end = try await call.receive()
                #expect(end == nil)
            }
            let whole = try await fixture.channel.unary(Fixture.echo, message("whole"))
            #expect(text(whole.message) == "whole")
        }
        for pieceByteCount in [1, 7, 30] {
            try await Fixture.inMemory(pieceByteCount: pieceByteCount, atOnce: { request, _ in request }, echoHandler) {
                let answer = try await $0.channel.unary(Fixture.echo, message("any cut"))
                #expect(text(answer.message) == "any cut")
            }
        }
    }

    /// An interceptor sees every call.
    @Test func interceptorsAreNotPassedBy() async throws {
        struct Counter: ServerInterceptor {
            let seen: @Sendable () -> Void

            nonisolated(nonsending) func intercept(
                _ call: ServerCall, next: nonisolated(nonsending) (ServerCall) async throws -> Void
            ) async throws {
                seen()
                try await next(call)
            }
        }
        let atOnce = Mutex(0)
        let seen = Mutex(0)
        var server = RPCServer.Configuration()
        server.interceptors = [Counter { seen.withLock { $0 += 1 } }]
        let immediate: ServiceRoutes.ImmediateHandler = { request, _ in
            atOnce.withLock { $0 += 1 }
            return request
        }
        try await Fixture.overTCP(server: server, atOnce: immediate, echoHandler) { fixture in
            let answer = try await fixture.channel.unary(Fixture.echo, message("seen"))
            #expect(text(answer.message) == "seen")
        }
        #expect(seen.withLock { $0 } == 1 && atOnce.withLock { $0 } == 0)
    }
}
