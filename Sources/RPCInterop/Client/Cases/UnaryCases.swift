import InteropMessages
import RPC

extension InteropCase {
    /// Calls with one message each way.
    static let unary = [
        InteropCase("empty_unary") { client in
            _ = try await client.channel.interopUnary(InteropMethods.emptyCall, Empty(), as: Empty.self)
        },
        InteropCase("large_unary") { client in try await client.channel.largeUnary() },
    ]
}

extension ClientChannel {
    static let largeRequest = SimpleRequest(responseSize: 314_159, payload: Payload(zeroCount: 271_828))

    /// Zeros there, zeros back, both larger than a frame and a default window.
    func largeUnary() async throws {
        let answer = try await interopUnary(
            InteropMethods.unaryCall, Self.largeRequest, as: SimpleResponse.self)
        try expect("the body", answer.message.payload, is: Payload(zeroCount: 314_159), size: 314_159)
    }
}

/// - Throws: ``InteropFailure`` where the body is not `size` zeros.
func expect(_ what: String, _ payload: Payload?, is expected: Payload, size: Int) throws {
    try expect("the size of \(what)", payload?.body.count ?? 0, is: size)
    if payload != expected { throw InteropFailure("\(what) is not all zeros") }
}
