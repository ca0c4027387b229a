import DFSServices
import InteropMessages
import RPC

extension InteropCase {
    private static let requestSizes = [27_182, 8, 1_828, 45_904]
    private static let responseSizes = [31_415, 9, 2_653, 58_979]
    private static let options = CallOptions(timeout: InteropClient.callTimeout)

    /// Calls with any number of messages each way.
    static let streaming = [
        InteropCase("client_streaming") { client in
            try await client.channel.withCall(InteropMethods.streamingInputCall, options) { call in
                for size in requestSizes {
                    try await call.send(StreamingInputCallRequest(payload: Payload(zeroCount: size)))
                }
                call.finishSending()
                let answer = try await call.receive(StreamingInputCallResponse.self)
                try expect("the aggregated size", answer?.aggregatedPayloadSize, is: 74_922)
                try await expectEnd(of: call)
            }
        },
        InteropCase("server_streaming") { client in
            try await client.channel.withCall(InteropMethods.streamingOutputCall, options) { call in
                let parameters = responseSizes.map { ResponseParameters(size: Int32($0)) }
                try await call.send(StreamingOutputCallRequest(responseParameters: parameters))
                call.finishSending()
                for size in responseSizes { try await expectResponse(size, on: call) }
                try await expectEnd(of: call)
            }
        },
        InteropCase("ping_pong") { client in
            try await client.channel.withCall(InteropMethods.fullDuplexCall, options) { call in
                for (requestSize, responseSize) in zip(requestSizes, responseSizes) {
                    try await call.send(ping(requestSize, wants: responseSize))
                    try await expectResponse(responseSize, on: call)
                }
                call.finishSending()
                try await expectEnd(of: call)
            }
        },
        InteropCase("empty_stream") { client in
            try await client.channel.withCall(InteropMethods.fullDuplexCall, options) { call in
                call.finishSending()
                try await expectEnd(of: call)
            }
        },
    ]

    static func ping(_ requestSize: Int, wants responseSize: Int) -> StreamingOutputCallRequest {
        StreamingOutputCallRequest(
            responseParameters: [ResponseParameters(size: Int32(responseSize))],
            payload: Payload(zeroCount: requestSize))
    }

    static func expectResponse(_ size: Int, on call: ClientCall) async throws {
        guard let response = try await call.receive(StreamingOutputCallResponse.self) else {
            throw InteropFailure("the call ended before a response of \(size) bytes")
        }
        try expect("the body", response.payload, is: Payload(zeroCount: size), size: size)
    }

    static func expectEnd(of call: ClientCall) async throws {
        if try await call.receive() != nil { throw InteropFailure("there are more responses than asked for") }
    }
}
