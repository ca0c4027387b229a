import RPC

extension InteropCase {
    /// Many large calls one after the other.
    static let soaks = [
        InteropCase("rpc_soak") { client in
            try await soak(client) { try await client.channel.largeUnary() }
        },
        InteropCase("channel_soak") { client in
            try await soak(client) { try await client.withNewChannel { try await $0.largeUnary() } }
        },
    ]

    private static func soak(_ client: InteropClient, _ iteration: () async throws -> Void) async throws {
        let (settings, clock) = (client.soak, ContinuousClock())
        let start = clock.now
        var failures: [String] = []
        for number in 1...max(1, settings.iterations) {
            do {
                let latency = try await clock.measure(iteration)
                if latency > settings.maxLatency { failures.append("call \(number) took \(latency)") }
            } catch {
                failures.append("call \(number): \(error)")
            }
            guard clock.now - start <= settings.overallTimeout else {
                throw InteropFailure("only \(number) of \(settings.iterations) calls in \(settings.overallTimeout)")
            }
        }
        guard failures.count <= settings.maxFailures else {
            throw InteropFailure("\(failures.count) calls failed; the first: \(failures[0])")
        }
    }
}
