import DFSServices
import InteropMessages
import RPC
import RPCInterop
import Testing

@Suite struct TestServiceTests {
    @Test(arguments: [
        (Int32(-1), RPCCode.invalidArgument), (Int32.max, .resourceExhausted),
        (Int32((4 << 20) - 63), .resourceExhausted),
    ])
    func bodyThatCannotBeSentIsRefused(_ size: Int32, _ code: RPCCode) async throws {
        try await withChannel { channel in
            let error = await #expect(throws: RPCError.self) {
                let request = try SimpleRequest(responseSize: size).encoded()
                _ = try await channel.unary(InteropMethods.unaryCall, RPCMessage(request))
            }
            #expect(error?.code == code)
        }
    }

    @Test func largestBodyIsTaken() async throws {
        try await withChannel { channel in
            let request = try SimpleRequest(responseSize: (4 << 20) - 64).encoded()
            let answer = try await channel.unary(InteropMethods.unaryCall, RPCMessage(request))
            let response = try SimpleResponse(wire: answer.message.contiguous())
            #expect(response.payload?.body.count == (4 << 20) - 64)
        }
    }

    @Test(arguments: [true, false])
    func requestThatIsNotAsItSaysIsRefused(_ expected: Bool) async throws {
        try await withChannel { channel in
            let error = await #expect(throws: RPCError.self) {
                let request = SimpleRequest(payload: Payload(zeroCount: 100), expectCompressed: expected)
                let options = CallOptions(compression: expected ? .identity : .gzip)
                _ = try await channel.unary(InteropMethods.unaryCall, RPCMessage(request.encoded()), options)
            }
            #expect(error?.code == .invalidArgument)
        }
    }

    @Test func responseIsCompressedOnlyWhereAskedFor() async throws {
        try await withChannel { channel in
            let request = SimpleRequest(responseSize: 1000)
            let answer = try await channel.unary(InteropMethods.unaryCall, RPCMessage(request.encoded()))
            #expect(!answer.message.wasCompressed)
        }
    }

    @Test func halfDuplexAnswersAfterTheLastRequest() async throws {
        try await withChannel { channel in
            try await channel.withCall(InteropMethods.halfDuplexCall) { call in
                for size: Int32 in [3, 1, 2] {
                    let parameters = ResponseParameters(size: size, intervalUs: 1)
                    try await call.send(StreamingOutputCallRequest(responseParameters: [parameters]))
                }
                call.finishSending()
                for size in [3, 1, 2] {
                    let response = try await call.receive(StreamingOutputCallResponse.self)
                    #expect(response?.payload?.body.count == size)
                }
                #expect(try await call.receive() == nil)
            }
        }
    }

    @Test func statusThatGRPCDoesNotKnowIsUnknown() async throws {
        try await withChannel { channel in
            let error = await #expect(throws: RPCError.self) {
                let request = try SimpleRequest(responseStatus: EchoStatus(code: 99, message: "odd")).encoded()
                _ = try await channel.unary(InteropMethods.unaryCall, RPCMessage(request))
            }
            #expect(error?.code == .unknown && error?.message == "odd")
        }
    }
}
