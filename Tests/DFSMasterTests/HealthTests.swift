import DFSServices
import DFSWire
import RPC
import Testing

@Suite struct HealthTests {
    @Test func startedMasterServesAndSaysSoOfEachService() async throws {
        let check = MethodPath(service: "grpc.health.v1.Health", method: "Check")
        try await withMaster { master in
            try await master.withConnection { channel in
                for service in [""] + Services.ofMaster {
                    let answer: HealthCheckResponse = try await channel.unary(
                        check, HealthCheckRequest(service: service))
                    #expect(answer.status == .serving, "\(service)")
                }
            }
        }
    }
}
