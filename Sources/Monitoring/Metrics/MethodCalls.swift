import NIOCore
import RPC
import Synchronization

/// Counts the calls of one method, without a lock: event loops that answer calls of it hold each other up by no more than the
/// counters.
final class MethodCalls: ServerInterceptor {
    /// Seconds; Prometheus' own default bounds.
    static let bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

    /// What is known of the method. Calls that end meanwhile may be in some of the numbers only.
    struct Counts {
        var started: UInt64
        /// By the status' number.
        var handled: [UInt64]
        var received: UInt64
        var sent: UInt64
        /// Calls that took no longer than the bound of that index and longer than the one before; the last has no bound.
        var buckets: [UInt64]
        var seconds: Double
    }

    private final class Counter: Sendable {
        private let count = Atomic<UInt64>(0)

        var value: UInt64 { count.load(ordering: .acquiring) }

        func add(_ number: UInt64) { count.wrappingAdd(number, ordering: .releasing) }
    }

    private let started = Counter()
    private let handled = RPCCode.allCases.map { _ in Counter() }
    private let received = Counter()
    private let sent = Counter()
    private let buckets = (0...bounds.count).map { _ in Counter() }
    private let nanoseconds = Counter()

    var counts: Counts {
        // What has ended is read first: it is never more than what was begun.
        let (handled, buckets) = (handled.map(\.value), buckets.map(\.value))
        return Counts(
            started: started.value, handled: handled, received: received.value, sent: sent.value, buckets: buckets,
            seconds: Double(nanoseconds.value) / 1e9)
    }

    nonisolated(nonsending) func intercept(
        _ call: ServerCall, next: nonisolated(nonsending) (ServerCall) async throws -> Void
    ) async throws {
        let began = NIODeadline.now()
        started.add(1)
        do {
            try await next(call)
            count(call, .ok, since: began)
        } catch {
            count(call, RPCCode(endOf: error), since: began)
            throw error
        }
    }

    private func count(_ call: ServerCall, _ code: RPCCode, since began: NIODeadline) {
        let time = max(0, (NIODeadline.now() - began).nanoseconds)
        let seconds = Double(time) / 1e9
        let moved = call.statistics
        handled[code.rawValue].add(1)
        received.add(UInt64(moved.messagesReceived))
        sent.add(UInt64(moved.messagesSent))
        buckets[Self.bounds.firstIndex { seconds <= $0 } ?? Self.bounds.count].add(1)
        nanoseconds.add(UInt64(time))
    }
}

extension RPCCode {
    /// How a call that threw `error` ended.
    fileprivate init(endOf error: any Error) {
        switch error {
        case let error as RPCError: self = error.code
        case is CancellationError: self = .cancelled
        default: self = .unknown
        }
    }
}
