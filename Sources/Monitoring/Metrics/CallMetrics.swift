import RPC
import Synchronization

/// Counts a server's calls by method and status, under the names of go-grpc-prometheus, so that dashboards made for
/// those show them.
package final class CallMetrics: ServerInterceptor {
    /// By path. Only methods that the server has reach an interceptor, so there are few.
    private let methods = Mutex<[String: MethodCalls]>([:])
    private let kinds: [String: CallKind]

    /// - Parameter kinds: by path, of the methods that are not unary.
    package init(kinds: [MethodPath: CallKind]) {
        self.kinds = Dictionary(uniqueKeysWithValues: kinds.map { ($0.key.path, $0.value) })
    }

    package func interceptor(of path: String) -> any ServerInterceptor { calls(of: path) }

    /// For methods without a handler of their own; those that have one go by ``interceptor(of:)``.
    package nonisolated(nonsending) func intercept(
        _ call: ServerCall, next: nonisolated(nonsending) (ServerCall) async throws -> Void
    ) async throws {
        try await calls(of: call.path).intercept(call, next: next)
    }

    @inline(never) private func calls(of path: String) -> MethodCalls {
        methods.withLock { methods in
            if let known = methods[path] { return known }
            let new = MethodCalls()
            methods[path] = new
            return new
        }
    }

    /// Adds the families.
    package func write(to metrics: inout MetricsText) {
        let known = methods.withLock { $0 }.map { ($0.key, $0.value.counts) }
        let methods = known.filter { $0.1.started > 0 }.sorted { $0.0 < $1.0 }.map { (labels(of: $0.0), $0.1) }
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

extension MethodCalls.Counts {
    fileprivate func writeHistogram(_ labels: [MetricsText.Label], to metrics: inout MetricsText) {
        var count: UInt64 = 0
        for (bound, bucket) in zip(MethodCalls.bounds + [.infinity], buckets) {
            count += bucket
            metrics.add(count, suffix: "_bucket", labels + [("le", MetricsText.number(bound))])
        }
        metrics.add(seconds, suffix: "_sum", labels)
        metrics.add(count, suffix: "_count", labels)
    }
}

extension RPCCode {
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
