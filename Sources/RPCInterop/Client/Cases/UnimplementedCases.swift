import InteropMessages
import RPC

extension InteropCase {
    /// Calls that no server answers.
    static let unimplemented = [
        InteropCase("unimplemented_method") { client in
            try await expectUnimplemented(InteropMethods.unimplementedCall, client)
        },
        InteropCase("unimplemented_service") { client in
            try await expectUnimplemented(InteropMethods.unimplementedService, client)
        },
    ]

    private static func expectUnimplemented(_ path: MethodPath, _ client: InteropClient) async throws {
        try await expectStatus(.unimplemented) {
            _ = try await client.channel.interopUnary(path, Empty(), as: Empty.self)
        }
    }
}
