import DFSServices
import DFSWire
import InteropMessages
import RPC

extension InteropCase {
    /// Calls whose messages are compressed, each way, all or some of them.
    static let compression = [
        InteropCase("client_compressed_unary") { client in
            try await expectStatus(.invalidArgument) {
                try await client.channel.compressedUnary(.identity, expectCompressed: true)
            }
            try await client.channel.compressedUnary(.gzip, expectCompressed: true)
            try await client.channel.compressedUnary(.identity, expectCompressed: false)
        },
        InteropCase("client_compressed_streaming") { client in
            let probe = StreamingInputCallRequest(payload: Payload(zeroCount: 27_182), expectCompressed: true)
            try await expectStatus(.invalidArgument) {
                try await client.channel.withCall(InteropMethods.streamingInputCall, gzip) { call in
                    try await call.send(RPCMessage(probe.encoded()), compressed: false)
                    call.finishSending()
                    _ = try await call.receive()
                }
            }
            try await client.channel.withCall(InteropMethods.streamingInputCall, gzip) { call in
                try await call.send(probe)
                let plain = StreamingInputCallRequest(payload: Payload(zeroCount: 45_904), expectCompressed: false)
                try await call.send(RPCMessage(plain.encoded()), compressed: false)
                call.finishSending()
                let answer = try await call.receive(StreamingInputCallResponse.self)
                try expect("the aggregated size", answer?.aggregatedPayloadSize, is: 73_086)
                try await expectEnd(of: call)
            }
        },
        InteropCase("server_compressed_unary") { client in
            for compressed in [true, false] {
                var request = ClientChannel.largeRequest
                request.responseCompressed = compressed
                let answer = try await client.channel.unary(
                    InteropMethods.unaryCall, RPCMessage(request.encoded()),
                    CallOptions(timeout: InteropClient.callTimeout))
                try expect("that the answer is compressed", answer.message.wasCompressed, is: compressed)
                let response = try SimpleResponse(wire: answer.message.contiguous())
                try expect("the body", response.payload, is: Payload(zeroCount: 314_159), size: 314_159)
            }
        },
        InteropCase("server_compressed_streaming") { client in
            let wanted = [
                ResponseParameters(size: 31_415, compressed: true), ResponseParameters(size: 92_653, compressed: false),
            ]
            try await client.channel.withCall(
                InteropMethods.streamingOutputCall, CallOptions(timeout: InteropClient.callTimeout)
            ) { call in
                try await call.send(StreamingOutputCallRequest(responseParameters: wanted))
                call.finishSending()
                for parameters in wanted { try await expectResponse(parameters, on: call) }
                try await expectEnd(of: call)
            }
        },
    ]

    private static let gzip = CallOptions(timeout: InteropClient.callTimeout, compression: .gzip)

    private static func expectResponse(_ parameters: ResponseParameters, on call: ClientCall) async throws {
        guard let message = try await call.receive() else {
            throw InteropFailure("the call ended before a response of \(parameters.size) bytes")
        }
        try expect("that the response is compressed", message.wasCompressed, is: parameters.compressed == true)
        let size = Int(parameters.size)
        let response = try StreamingOutputCallResponse(wire: message.contiguous())
        try expect("the body", response.payload, is: Payload(zeroCount: size), size: size)
    }
}

extension ClientChannel {
    fileprivate func compressedUnary(_ compression: MessageCompression, expectCompressed: Bool) async throws {
        var request = Self.largeRequest
        request.expectCompressed = expectCompressed
        let answer = try await interopUnary(
            InteropMethods.unaryCall, request, as: SimpleResponse.self, compression: compression)
        try expect("the body", answer.message.payload, is: Payload(zeroCount: 314_159), size: 314_159)
    }
}
