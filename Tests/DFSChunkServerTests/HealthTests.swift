import DFSServices
import DFSWire
import RPC
import Testing

@testable import DFSChunkServer

@Suite struct HealthTests {
    private static let health = "grpc.health.v1.Health"

    @Test func startedServerServesAndSaysSoOfEachService() async throws {
        try await withServer { server in
            for service in [""] + Services.ofChunkServer {
                let answer: HealthCheckResponse = try await server.peer.unary(
                    MethodPath(service: Self.health, method: "Check"), HealthCheckRequest(service: service))
                #expect(answer.status == .serving, "\(service)")
            }
        }
    }

    @Test func watcherHearsThatTheServerStops() async throws {
        try await withServer { server in
            try await server.peer.channel.withCall(MethodPath(service: Self.health, method: "Watch")) { call in
                try await call.send(HealthCheckRequest())
                #expect(try await call.receive(HealthCheckResponse.self)?.status == .serving)
                async let stopped: Void = server.server.stop()
                #expect(try await call.receive(HealthCheckResponse.self)?.status == .notServing)
                let end = await #expect(throws: RPCError.self) { try await call.receive() }
                #expect(end?.code == .unavailable)
                await stopped
            }
        }
    }
}
