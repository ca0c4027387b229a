import NIOCore
import RPC
import Synchronization

/// Counts a server's calls by method and status, under the names of go-grpc-prometheus, so that dashboards made for
/// those show them.
package final class CallMetrics: ServerInterceptor {
    /// Seconds; Prometheus' own default bounds.
    static let bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

    /// What is known of one method.
    fileprivate struct Counts {
        var started: UInt64 = 0
        var handled = [UInt64](repeating: 0, count: RPCCode.allCases.count)
        var received: UInt64 = 0
        var sent: UInt64 = 0
        /// Calls that took no longer than the bound of that index and longer than the one before; the last has no bound.
        var buckets = [UInt64](repeating: 0, count: CallMetrics.bounds.count + 1)
        var seconds = 0.0
    }

    /// By path. Only methods that the server has reach an interceptor, so there are few.
    private let methods = Mutex<[String: Counts]>([:])
    private let kinds: [String: CallKind]

    /// - Parameter kinds: by path, of the methods that are not unary.
    package init(kinds: [MethodPath: CallKind]) {
        self.kinds = Dictionary(uniqueKeysWithValues: kinds.map { ($0.key.path, $0.value) })
    }

    package func intercept(_ call: ServerCall, next: (ServerCall) async throws -> Void) async throws {
        let path = call.path
        let began = NIODeadline.now()
        methods.withLock { $0[path, default: Counts()].started += 1 }
        do {
            try await next(call)
            end(call, path, .ok, since: began)
        } catch {
            end(call, path, RPCCode(endOf: error), since: began)
            throw error
        }
    }

    private func end(_ call: ServerCall, _ path: String, _ code: RPCCode, since began: NIODeadline) {
        let seconds = Double((NIODeadline.now() - began).nanoseconds) / 1e9
        let moved = call.statistics
        methods.withLock { methods in
            methods[path, default: Counts()].add(code, seconds, moved)
        }
    }

    /// Adds the families.
    package func write(to metrics: inout MetricsText) {
        let methods = methods.withLock { $0 }.sorted { $0.key < $1.key }.map { (labels(of: $0.key), $0.value) }
        metrics.begin("grpc_server_started_total", .counter, "Calls begun on the server.")
        for (labels, counts) in methods { metrics.add(counts.started, labels) }
        metrics.begin("grpc_server_handled_total", .counter, "Calls ended on the server, by status.")
        for (labels, counts) in methods {
            for code in RPCCode.allCases where counts.handled[code.rawValue] > 0 {
                metrics.add(counts.handled[code.rawValue], labels + [("grpc_code", code.standardName)])
            }
        }
        metrics.begin("grpc_server_msg_received_total", .counter, "Messages received by calls that have ended.")
        for (labels, counts) in methods { metrics.add(counts.received, labels) }
        metrics.begin("grpc_server_msg_sent_total", .counter, "Messages sent by calls that have ended.")
        for (labels, counts) in methods { metrics.add(counts.sent, labels) }
        metrics.begin("grpc_server_handling_seconds", .histogram, "Seconds from the beginning of a call to its end.")
        for (labels, counts) in methods { counts.writeHistogram(labels, to: &metrics) }
    }

    private func labels(of path: String) -> [MetricsText.Label] {
        let parts = path.split(separator: "/", omittingEmptySubsequences: true)
        return [
            ("grpc_type", (kinds[path] ?? .unary).rawValue), ("grpc_service", parts.first.map(String.init) ?? ""),
            ("grpc_method", parts.last.map(String.init) ?? ""),
        ]
    }
}

extension CallMetrics.Counts {
    fileprivate mutating func add(_ code: RPCCode, _ time: Double, _ moved: CallStatistics) {
        handled[code.rawValue] += 1
        received += UInt64(moved.messagesReceived)
        sent += UInt64(moved.messagesSent)
        buckets[CallMetrics.bounds.firstIndex { time <= $0 } ?? CallMetrics.bounds.count] += 1
        seconds += time
    }

    fileprivate func writeHistogram(_ labels: [MetricsText.Label], to metrics: inout MetricsText) {
        var count: UInt64 = 0
        for (bound, bucket) in zip(CallMetrics.bounds + [.infinity], buckets) {
            count += bucket
            metrics.add(count, suffix: "_bucket", labels + [("le", MetricsText.number(bound))])
        }
        metrics.add(seconds, suffix: "_sum", labels)
        metrics.add(count, suffix: "_count", labels)
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

    /// As grpc-go writes it.
    fileprivate var standardName: String {
        switch self {
        case .ok: "OK"
        case .cancelled: "Canceled"
        case .internalError: "Internal"
        default: "\(self)".prefix(1).uppercased() + "\(self)".dropFirst()
        }
    }
}
