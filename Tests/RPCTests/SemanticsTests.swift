import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import RPC

/// Retries, deadlines that travel, interceptors, and what metadata may be.
@Suite(.timeLimit(.minutes(1))) struct SemanticsTests {
    /// Fails the first calls with `error`, then echoes.
    private static func failing(
        _ count: Int, _ error: RPCError = RPCError(.unavailable, "not now"), calls: Counter
    ) -> ServiceRoutes.Handler {
        { call in
            if calls.next() <= count { throw error }
            try await echoHandler(call)
        }
    }

    private final class Counter: Sendable {
        private let count = Mutex(0)
        var value: Int { count.withLock { $0 } }
        func next() -> Int {
            count.withLock { count in
                count += 1
                return count
            }
        }
    }

    private static func options(_ change: (inout RetryPolicy) -> Void = { _ in }) -> CallOptions {
        var policy = RetryPolicy()
        policy.initialBackoff = .milliseconds(1)
        change(&policy)
        var options = CallOptions(timeout: .seconds(20))
        options.retryPolicy = policy
        return options
    }

    @Test func failedCallIsMadeAgain() async throws {
        let calls = Counter()
        try await Fixture.overTCP(Self.failing(2, calls: calls)) { fixture in
            let response = try await fixture.channel.unary(Fixture.echo, message("x"), Self.options())
            #expect(text(response.message) == "x")
            #expect(calls.value == 3)
        }
    }

    @Test func policyDecidesHowOftenAndWhen() async throws {
        let calls = Counter()
        try await Fixture.overTCP(Self.failing(100, calls: calls)) { fixture in
            for (options, expected) in [
                (Self.options { $0.maxAttempts = 2 }, 2), (Self.options { $0.retryableCodes = [.aborted] }, 3),
                (CallOptions(), 4),
            ] {
                await #expect(throws: RPCError.self) {
                    try await fixture.channel.unary(Fixture.echo, message("x"), options)
                }
                #expect(calls.value == expected)
            }
        }
    }

    @Test func serverCanForbidAnotherAttempt() async throws {
        let calls = Counter()
        var error = RPCError(.unavailable, "never")
        error.retryPushback = .never
        try await Fixture.overTCP(Self.failing(100, error, calls: calls)) { fixture in
            await #expect(throws: RPCError.self) {
                try await fixture.channel.unary(Fixture.echo, message("x"), Self.options())
            }
            #expect(calls.value == 1)
        }
    }

    /// A pause that lasts beyond the call's deadline is not waited for: there is no attempt behind it.
    @Test func pauseBeyondTheDeadlineEndsTheCall() async throws {
        let calls = Counter()
        var error = RPCError(.unavailable, "in 49 days")
        error.retryPushback = .after(.milliseconds(Int64(UInt32.max)))
        try await Fixture.overTCP(Self.failing(100, error, calls: calls)) { fixture in
            let failure = await #expect(throws: RPCError.self) {
                try await fixture.channel.unary(Fixture.echo, message("x"), Self.options())
            }
            #expect(failure?.code == .unavailable && failure?.message == "in 49 days")
            #expect(calls.value == 1)
        }
    }

    /// Neither the status nor the call may be lost with it.
    @Test func veryLongStatusMessageArrivesCut() async throws {
        let handler: ServiceRoutes.Handler = { _ in
            throw RPCError(.dataLoss, String(repeating: "ü%", count: 100_000))
        }
        try await Fixture.overTCP(handler) { fixture in
            let failure = await #expect(throws: RPCError.self) {
                try await fixture.channel.unary(Fixture.echo, message("x"), CallOptions(timeout: .seconds(20)))
            }
            #expect(failure?.code == .dataLoss)
            let text = try #require(failure?.message)
            #expect(text.hasPrefix("ü%ü%") && text.hasSuffix("...") && !text.contains("\u{FFFD}"))
        }
    }

    @Test func metadataBeyondAHeaderBlockIsRefused() async throws {
        let handler: ServiceRoutes.Handler = { call in
            if call.metadata.all("x-long") == [] {
                call.setTrailingMetadata(["x-big": String(repeating: "v", count: 70_000)])
            }
            try await echoHandler(call)
        }
        try await Fixture.overTCP(handler) { fixture in
            let answer = await #expect(throws: RPCError.self) {
                try await fixture.channel.unary(Fixture.echo, message("x"), CallOptions(timeout: .seconds(20)))
            }
            #expect(answer?.code == .internalError)
        }
        // A server that takes more than we send.
        var server = RPCServer.Configuration()
        server.http2.maxHeaderListSize = 1 << 20
        try await Fixture.overTCP(server: server, handler) { fixture in
            let long = CallOptions(
                metadata: ["x-long": String(repeating: "v", count: 70_000)], timeout: .seconds(20))
            let request = await #expect(throws: RPCError.self) {
                try await fixture.channel.unary(Fixture.echo, message("x"), long)
            }
            #expect(request?.code == .resourceExhausted)
        }
    }

    @Test func throttleStopsRetriesWhileMostCallsFail() async throws {
        let calls = Counter()
        var configuration = ClientChannel.Configuration()
        configuration.retryThrottle = RetryThrottle(maxTokens: 4, tokenRatio: 1)
        try await Fixture.overTCP(client: configuration, Self.failing(100, calls: calls)) { fixture in
            await #expect(throws: RPCError.self) {
                try await fixture.channel.unary(Fixture.echo, message("x"), Self.options { $0.maxAttempts = 5 })
            }
            // Three tokens are left after the first failure, two after the second, and that is half.
            #expect(calls.value == 2)
        }
    }

    @Test func pushbackIsANumberOrNever() {
        #expect(RetryPushback("0") == .after(.zero) && RetryPushback("25") == .after(.milliseconds(25)))
        for text in ["-1", "", "1s", "99999999999"] { #expect(RetryPushback(text) == .never) }
        #expect(RetryPushback(RetryPushback.after(.seconds(2)).text) == .after(.seconds(2)))
    }

    @Test func deadlineTravelsToTheCallsOfAHandler() async throws {
        let (deadlines, saw) = AsyncStream<NIODeadline?>.makeStream()
        let inner: ServiceRoutes.Handler = { call in
            saw.yield(call.deadline)
            try await echoHandler(call)
        }
        try await Fixture.overTCP(inner) { backend in
            let outer: ServiceRoutes.Handler = { call in
                guard let request = try await call.receive() else { return }
                try await call.send(backend.channel.unary(Fixture.echo, request).message)
            }
            try await Fixture.overTCP(outer) { frontend in
                var seen = deadlines.makeAsyncIterator()
                _ = try await frontend.channel.unary(Fixture.echo, message("x"), CallOptions(timeout: .seconds(30)))
                let deadline = try #require(await seen.next() ?? nil)
                #expect(deadline - .now() < .seconds(31) && deadline - .now() > .seconds(10))
                _ = try await frontend.channel.unary(Fixture.echo, message("x"))
                let none = await seen.next() ?? nil
                #expect(none == nil)
            }
        }
    }

    private struct Tagger: ClientInterceptor, ServerInterceptor {
        let tag: String

        func intercept<R: Sendable>(
            _ call: OutgoingCall, next: (OutgoingCall) async throws -> R
        ) async throws -> R {
            var call = call
            call.options.metadata.add("x-tag", tag)
            return try await next(call)
        }

        nonisolated(nonsending) func intercept(
            _ call: ServerCall, next: nonisolated(nonsending) (ServerCall) async throws -> Void
        ) async throws {
            guard call.metadata.all("x-tag") != ["out", "refuse"] else { throw RPCError(.permissionDenied, tag) }
            try await next(call)
        }
    }

    @Test func interceptorsStandInOrder() async throws {
        var server = RPCServer.Configuration()
        server.interceptors = [CallLog(logger: Fixture.logger()), Tagger(tag: "first"), Tagger(tag: "second")]
        var client = ClientChannel.Configuration()
        client.interceptors = [CallLog(logger: Fixture.logger()), Tagger(tag: "out"), Tagger(tag: "in")]
        let handler: ServiceRoutes.Handler = { call in
            #expect(call.metadata.all("x-tag") == ["out", "in"])
            try await echoHandler(call)
        }
        try await Fixture.overTCP(server: server, client: client, handler) { fixture in
            let response = try await fixture.channel.unary(Fixture.echo, message("x"))
            #expect(text(response.message) == "x")
        }
        client.interceptors = [Tagger(tag: "out"), Tagger(tag: "refuse")]
        try await Fixture.overTCP(server: server, client: client, handler) { fixture in
            let error = await #expect(throws: RPCError.self) {
                try await fixture.channel.unary(Fixture.echo, message("x"))
            }
            #expect(error?.code == .permissionDenied && error?.message == "first")
        }
    }

    @Test func metadataThatCannotBeSentIsRefused() async throws {
        try await Fixture.overTCP(echoHandler) { fixture in
            let large = String(repeating: "x", count: 100_000)
            let cases: [(metadata: Metadata, expected: RPCCode)] = [
                (["grpc-timeout": "1S"], .internalError), (["content-type": "text/plain"], .internalError),
                (["two words": "x"], .internalError), (["x-large": large], .resourceExhausted),
            ]
            for (metadata, expected) in cases {
                let error = await #expect(throws: RPCError.self) {
                    try await fixture.channel.unary(Fixture.echo, message("x"), CallOptions(metadata: metadata))
                }
                #expect(error?.code == expected)
            }
            let response = try await fixture.channel.unary(Fixture.echo, message("x"))
            #expect(text(response.message) == "x")
        }
    }

    @Test func answersWithTooLargeHeadersAreRefused() async throws {
        var configuration = ClientChannel.Configuration()
        configuration.http2.maxHeaderListSize = 1000
        let handler: ServiceRoutes.Handler = { call in
            call.sendInitialMetadata(["x-large": String(repeating: "x", count: 2000)])
        }
        try await Fixture.overTCP(client: configuration, handler) { fixture in
            let error = await #expect(throws: RPCError.self) {
                try await fixture.channel.unary(Fixture.echo, message("x"))
            }
            #expect(error?.code == .resourceExhausted)
        }
    }

    @Test func richErrorsCrossAsBytes() async throws {
        let handler: ServiceRoutes.Handler = { _ in
            var error = RPCError(.aborted, "see the details")
            error.metadata.add("grpc-status-details-bin", binary: [8, 10])
            throw error
        }
        try await Fixture.overTCP(handler) { fixture in
            let error = await #expect(throws: RPCError.self) {
                try await fixture.channel.unary(Fixture.echo, message("x"))
            }
            #expect(error?.details == [8, 10])
        }
    }

    @Test func bothSidesCountWhatTheyMove() async throws {
        let (seen, saw) = AsyncStream<CallStatistics>.makeStream()
        let handler: ServiceRoutes.Handler = { call in
            try await echoHandler(call)
            saw.yield(call.statistics)
        }
        try await Fixture.overTCP(handler) { fixture in
            try await fixture.channel.withCall(Fixture.echo) { call in
                for part in ["12345", "678"] {
                    try await call.send(message(part))
                    _ = try await call.receive()
                }
                call.finishSending()
                _ = try await call.receive()
                let moved = CallStatistics(messagesSent: 2, messagesReceived: 2, bytesSent: 8, bytesReceived: 8)
                #expect(call.statistics == moved)
                var iterator = seen.makeAsyncIterator()
                #expect(await iterator.next() == moved)
                #expect(call.connectionStatistics.callsStarted == 1 && call.connectionStatistics.bytesSent > 8)
            }
        }
    }
}
