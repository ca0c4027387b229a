import NIOCore
import Synchronization
import Testing

@testable import RPC

/// Handlers share a task until one has to wait.
@Suite(.timeLimit(.minutes(1))) struct HandlerQueueTests {
    /// Ends when its call does.
    private static func waitForEnd(_ call: ServerCall) async throws {
        do {
            try await Task.sleep(for: .seconds(60))
        } catch {
            throw RPCError(.cancelled, "ended")
        }
    }

    @Test func handlersThatWaitHoldNobodyBack() async throws {
        let (gate, open) = AsyncStream<Void>.makeStream()
        let waiting = Mutex(0)
        let handler: ServiceRoutes.Handler = { call in
            guard let request = try await call.receive(), let number = Int(text(request) ?? "") else { return }
            if number % 3 == 0 {
                waiting.withLock { $0 += 1 }
                for await _ in gate {}
            }
            try await call.send(request)
        }
        try await Fixture.overTCP(handler) { fixture in
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<300 {
                    group.addTask {
                        let answer = try await fixture.channel.unary(Fixture.echo, message("\(number)"))
                        #expect(text(answer.message) == "\(number)")
                        return number % 3 == 0
                    }
                }
                for _ in 0..<200 { #expect(try await group.next() == false) }
                while waiting.withLock({ $0 }) < 100 { try await Task.sleep(for: .milliseconds(1)) }
                open.finish()
                for _ in 0..<100 { #expect(try await group.next() == true) }
            }
        }
    }

    /// The task of a handler that waits is its own: nobody else ends with it.
    @Test func cancellingOneCallLeavesTheOthers() async throws {
        let started = Mutex(0)
        let cancelled = Mutex(0)
        let handler: ServiceRoutes.Handler = { call in
            guard let request = try await call.receive() else { return }
            if text(request) == "wait" {
                started.withLock { $0 += 1 }
                defer { cancelled.withLock { $0 += Task.isCancelled ? 1 : 0 } }
                return try await Self.waitForEnd(call)
            }
            #expect(!Task.isCancelled)
            await Task.yield()
            #expect(!Task.isCancelled)
            try await call.send(request)
        }
        try await Fixture.overTCP(handler) { fixture in
            for _ in 0..<20 {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for number in 0..<20 {
                        group.addTask {
                            guard number % 2 == 0 else {
                                _ = try await fixture.channel.unary(Fixture.echo, message("answer"))
                                return
                            }
                            let options = CallOptions(timeout: .milliseconds(20))
                            let error = await #expect(throws: RPCError.self) {
                                try await fixture.channel.unary(Fixture.echo, message("wait"), options)
                            }
                            #expect(error?.code == .deadlineExceeded)
                        }
                    }
                    try await group.waitForAll()
                }
            }
            #expect(started.withLock { $0 } > 0)
            while cancelled.withLock({ $0 }) < started.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(1)) }
        }
    }

    /// The deadline of one call is no other's.
    @Test func deadlinesStayWithTheirCalls() async throws {
        let handler: ServiceRoutes.Handler = { call in
            let request = try await call.receive()
            #expect((CallContext.deadline != nil) == (text(request) == "deadline"))
            #expect(CallContext.deadline == call.deadline)
        }
        try await Fixture.overTCP(handler) { fixture in
            await withTaskGroup(of: Void.self) { group in
                for number in 0..<50 {
                    let options = CallOptions(timeout: number % 2 == 0 ? .seconds(30) : nil)
                    group.addTask {
                        _ = try? await fixture.channel.unary(
                            Fixture.echo, message(number % 2 == 0 ? "deadline" : "none"), options)
                    }
                }
            }
        }
    }
}
