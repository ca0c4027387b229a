import NIOCore

/// Calls that wait until something changes, each no longer than its deadline. Lives on the event loop.
final class WaitingCalls {
    private struct Waiter {
        let continuation: UnsafeContinuation<Void, any Error>
        let deadlineTimer: Scheduled<Void>?
    }

    private let eventLoop: any EventLoop
    private let maxCount: Int
    private let name: String
    private var waiters: [UInt64: Waiter] = [:]
    private var lastTicket: UInt64 = 0

    /// - Parameters:
    ///   - maxCount: more calls are refused.
    ///   - name: what they wait for, in errors.
    init(eventLoop: any EventLoop, maxCount: Int, name: String) {
        self.eventLoop = eventLoop
        self.maxCount = maxCount
        self.name = name
    }

    var isEmpty: Bool { waiters.isEmpty }

    /// Returns at the next ``wakeAll()``.
    ///
    /// - Throws: ``RPCError`` `deadlineExceeded`, `cancelled`, or `resourceExhausted` where too many wait.
    func wait(deadline: NIODeadline?) async throws {
        guard waiters.count < maxCount else {
            throw RPCError(.resourceExhausted, "\(waiters.count) calls wait for \(name) already")
        }
        lastTicket += 1
        let ticket = lastTicket
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        try await withTaskCancellationHandler {
            try await withUnsafeThrowingContinuation { continuation in
                let timer = deadline.map { deadline in
                    eventLoop.scheduleTask(deadline: deadline) {
                        let error = RPCError(.deadlineExceeded, "no connection to \(bound.value.name) in time")
                        bound.value.fail(ticket, error)
                    }
                }
                waiters[ticket] = Waiter(continuation: continuation, deadlineTimer: timer)
            }
        } onCancel: {
            bound.execute { $0.fail(ticket, RPCError(.cancelled, "the caller gave up waiting to connect")) }
        }
    }

    func wakeAll() {
        let woken = waiters
        waiters = [:]
        for waiter in woken.values {
            waiter.deadlineTimer?.cancel()
            waiter.continuation.resume()
        }
    }

    private func fail(_ ticket: UInt64, _ error: RPCError) {
        guard let waiter = waiters.removeValue(forKey: ticket) else { return }
        waiter.deadlineTimer?.cancel()
        waiter.continuation.resume(throwing: error)
    }
}
