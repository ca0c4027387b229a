import DFSCore
import DFSServices
import DFSWire
import RPC
import Testing

@testable import RPCServices

@Suite struct HealthTests {
    private func check(_ channel: ClientChannel, _ service: String) async throws -> ServingStatus {
        let answer: HealthCheckResponse = try await channel.unary(
            HealthService.check, HealthCheckRequest(service: service))
        return answer.status
    }

    private func expectBoth(_ channel: ClientChannel, are status: ServingStatus) async throws {
        for service in ["", "dfs.Namespace"] { #expect(try await check(channel, service) == status, "\(service)") }
    }

    @Test func serverAndServicesServeOnceStartedAndNotWhileDraining() async throws {
        let standard = StandardServices(services: Services.ofMaster)
        try await withServer(standard) { channel in
            try await expectBoth(channel, are: .notServing)
            standard.health.serve()
            try await expectBoth(channel, are: .serving)
            standard.health.drain()
            standard.health.serve()
            standard.health.set(.serving, for: "dfs.Namespace")
            try await expectBoth(channel, are: .notServing)
        }
    }

    @Test func checkOfAnUnknownServiceIsNotFound() async throws {
        try await withServer(StandardServices(services: [])) { channel in
            let error = await #expect(throws: DFSError.self) { try await check(channel, "dfs.Namespace") }
            #expect(error?.code == .notFound)
        }
    }

    @Test func absurdlyLongNameIsRefused() async throws {
        try await withServer(StandardServices(services: [])) { channel in
            let error = await #expect(throws: DFSError.self) {
                let request = HealthCheckRequest(service: String(repeating: "x", count: 5000))
                let options = CallOptions(maxSendMessageBytes: 1 << 20)
                let _: HealthCheckResponse = try await channel.unary(HealthService.check, request, options: options)
            }
            #expect(error?.code == .resourceExhausted)
        }
    }

    @Test func watchTellsEachChangeAndEndsWhenTheServerStops() async throws {
        let health = StandardServices(services: ["dfs.Node"])
        try await withServer(health) { channel in
            try await channel.withCall(HealthService.watch) { call in
                try await call.send(HealthCheckRequest(service: "dfs.Node"))
                call.finishSending()
                #expect(try await call.receive(HealthCheckResponse.self)?.status == .notServing)
                health.health.serve()
                #expect(try await call.receive(HealthCheckResponse.self)?.status == .serving)
                health.health.set(.notServing, for: "")
                health.health.set(.notServing, for: "dfs.Node")
                #expect(try await call.receive(HealthCheckResponse.self)?.status == .notServing)
                health.health.set(.serving, for: "dfs.Node")
                #expect(try await call.receive(HealthCheckResponse.self)?.status == .serving)
                health.health.close()
                #expect(try await call.receive(HealthCheckResponse.self)?.status == .notServing)
                #expect(await status { _ = try await call.receive() } == .unavailable)
            }
        }
    }

    @Test func watchOfAnUnknownServiceWaitsForItToBeKnown() async throws {
        let standard = StandardServices(services: [])
        try await withServer(standard) { channel in
            try await channel.withCall(HealthService.watch) { call in
                try await call.send(HealthCheckRequest(service: "later.Service"))
                #expect(try await call.receive(HealthCheckResponse.self)?.status == .serviceUnknown)
                standard.health.serve()
                standard.health.set(.serving, for: "later.Service")
                #expect(try await call.receive(HealthCheckResponse.self)?.status == .serving)
            }
        }
    }

    @Test func watchAfterTheEndTellsAndEnds() async throws {
        let health = HealthStatuses(services: [])
        health.close()
        var told: [ServingStatus] = []
        for await status in health.watch("") { told.append(status) }
        #expect(told == [.notServing])
    }

    @Test func readerThatIsLateGetsTheLastStatus() async throws {
        let health = HealthStatuses(services: [])
        var changes = health.watch("").makeAsyncIterator()
        health.serve()
        health.drain()
        #expect(await changes.next() == .notServing)
    }

    @Test func clientThatLeavesIsForgotten() async throws {
        let standard = StandardServices(services: [])
        try await withServer(standard) { channel in
            try await channel.withCall(HealthService.watch) { call in
                try await call.send(HealthCheckRequest())
                _ = try await call.receive()
                #expect(standard.health.watcherCount == 1)
            }
            // Calls on the same connection are the clock: the handler ends on the same event loop.
            while standard.health.watcherCount > 0 { _ = try await check(channel, "") }
        }
    }
}
