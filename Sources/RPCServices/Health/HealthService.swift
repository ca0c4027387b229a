import DFSServices
import DFSWire
import RPC

/// `grpc.health.v1.Health` (gRPC "Health Checking Protocol").
struct HealthService: Sendable {
    static let name = "grpc.health.v1.Health"
    static let check = MethodPath(service: name, method: "Check")
    static let watch = MethodPath(service: name, method: "Watch")

    let statuses: HealthStatuses

    func add(to routes: inout ServiceRoutes) {
        let statuses = statuses
        routes.unary(Self.check) { (request: HealthCheckRequest, _) in
            guard let status = statuses.status(of: request.service) else {
                throw RPCError(.notFound, "this server has no service \(request.service)")
            }
            return HealthCheckResponse(status: status)
        }
        routes.streaming(Self.watch, maxReceive: HealthCheckRequest.maxByteCount) { call in
            guard let request = try await call.receive(HealthCheckRequest.self) else {
                throw RPCError(.internalError, "\(Self.watch) needs one message and got none")
            }
            try await Self.tell(statuses.watch(request.service), to: call)
        }
    }

    /// Sends each status that differs from the one before, until the server stops or the client goes.
    private static func tell(_ changes: AsyncStream<ServingStatus>, to call: ServerCall) async throws {
        var told: ServingStatus?
        for await status in changes where status != told {
            told = status
            try await call.send(HealthCheckResponse(status: status))
        }
        throw RPCError(.unavailable, "the server is stopping")
    }
}
