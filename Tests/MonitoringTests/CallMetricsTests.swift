import Logging
import NIOCore
import NIOPosix
import RPC
import Testing

@testable import Monitoring

@Suite("metrics of calls")
struct CallMetricsTests {
    private static let get = MethodPath(service: "test.Calls", method: "Get")
    private static let watch = MethodPath(service: "test.Calls", method: "Watch")
    private static let silent = MethodPath(service: "test.Calls", method: "Silent")
    private static let elsewhere = MethodPath(service: "test.Others", method: "Any")

    private func metricsAfterCalls() async throws -> [Substring] {
        let metrics = CallMetrics(kinds: [Self.watch: .serverStream, Self.silent: .unary])
        let echo: ServiceRoutes.Handler = { call in
            while let message = try await call.receive() { try await call.send(message) }
        }
        var routes = ServiceRoutes()
        routes.add(Self.get, handler: echo)
        routes.add(Self.watch) { _ in throw RPCError(.notFound, "nothing to watch") }
        routes.add(Self.silent, handler: echo)
        routes.addFallback(handler: echo)
        var configuration = RPCServer.Configuration()
        configuration.interceptors = [metrics]
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let group = MultiThreadedEventLoopGroup.singleton
        let server = RPCServer(routes: routes, configuration: configuration, group: group, logger: logger)
        let port = try await server.listen(host: "127.0.0.1", port: 0)
        let channel = ClientChannel(host: "127.0.0.1", port: port, group: group, logger: logger)
        let message = RPCMessage(ByteBuffer(string: "x"))
        for path in [Self.get, Self.get, Self.elsewhere] { _ = try await channel.unary(path, message) }
        await #expect(throws: RPCError.self) { try await channel.unary(Self.watch, message) }
        await channel.close()
        await server.shutdown(grace: .seconds(10))
        var text = MetricsText()
        metrics.write(to: &text)
        return text.text.split(separator: "\n")
    }

    @Test("each method that was called has its numbers, by status where it has one")
    func calls() async throws {
        let lines = try await metricsAfterCalls()
        let get = #"grpc_type="unary",grpc_service="test.Calls",grpc_method="Get""#
        let watch = #"grpc_type="server_stream",grpc_service="test.Calls",grpc_method="Watch""#
        let elsewhere = #"grpc_type="unary",grpc_service="test.Others",grpc_method="Any""#
        let counts = lines.filter { !$0.hasPrefix("#") && !$0.hasPrefix("grpc_server_handling_seconds") }
        #expect(
            counts == [
                "grpc_server_started_total{\(get)} 2", "grpc_server_started_total{\(watch)} 1",
                "grpc_server_started_total{\(elsewhere)} 1",
                "grpc_server_handled_total{\(get),grpc_code=\"OK\"} 2",
                "grpc_server_handled_total{\(watch),grpc_code=\"NotFound\"} 1",
                "grpc_server_handled_total{\(elsewhere),grpc_code=\"OK\"} 1",
                "grpc_server_msg_received_total{\(get)} 2", "grpc_server_msg_received_total{\(watch)} 0",
                "grpc_server_msg_received_total{\(elsewhere)} 1",
                "grpc_server_msg_sent_total{\(get)} 2", "grpc_server_msg_sent_total{\(watch)} 0",
                "grpc_server_msg_sent_total{\(elsewhere)} 1",
            ])
        let times = lines.filter { $0.hasPrefix("grpc_server_handling_seconds") && $0.contains(get) }
        #expect(times.count == 14)
        #expect(times.contains("grpc_server_handling_seconds_bucket{\(get),le=\"+Inf\"} 2"))
        #expect(times.contains("grpc_server_handling_seconds_count{\(get)} 2"))
        #expect(lines.filter { $0.hasPrefix("# TYPE") }.count == 5)
        #expect(!lines.contains { $0.contains("Silent") })
    }
}
