import DFSServices
import InteropMessages
import RPC

extension InteropCase {
    /// Calls that end early or with a status of their own, and what travels with the end.
    static let endings = [
        InteropCase("timeout_on_sleeping_server") { client in
            let options = CallOptions(timeout: .milliseconds(1))
            try await expectStatus(.deadlineExceeded) {
                try await client.channel.withCall(InteropMethods.fullDuplexCall, options) { call in
                    try await call.send(StreamingOutputCallRequest(payload: Payload(zeroCount: 27_182)))
                    _ = try await call.receive()
                }
            }
        },
        InteropCase("cancel_after_begin") { client in
            try await client.channel.withCall(InteropMethods.streamingInputCall) { call in
                call.cancel()
                try await expectStatus(.cancelled) { _ = try await call.receive() }
            }
        },
        InteropCase("cancel_after_first_response") { client in
            try await client.channel.withCall(InteropMethods.fullDuplexCall) { call in
                try await call.send(ping(27_182, wants: 31_415))
                try await expectResponse(31_415, on: call)
                call.cancel()
                try await expectStatus(.cancelled) { _ = try await call.receive() }
            }
        },
        InteropCase("status_code_and_message") { client in
            let status = EchoStatus(code: Int32(RPCCode.unknown.rawValue), message: "test status message")
            try await expectUnaryEnds(client, with: status)
            try await expectStatus(.unknown, status.message) {
                try await client.channel.withCall(
                    InteropMethods.fullDuplexCall, CallOptions(timeout: InteropClient.callTimeout)
                ) { call in
                    try await call.send(StreamingOutputCallRequest(responseStatus: status))
                    call.finishSending()
                    _ = try await call.receive()
                }
            }
        },
        InteropCase("special_status_message") { client in
            let message = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n"
            try await expectUnaryEnds(
                client, with: EchoStatus(code: Int32(RPCCode.unknown.rawValue), message: message))
        },
        InteropCase("custom_metadata") { client in try await customMetadata(client.channel) },
    ]

    private static func expectUnaryEnds(_ client: InteropClient, with status: EchoStatus) async throws {
        try await expectStatus(.unknown, status.message) {
            _ = try await client.channel.interopUnary(
                InteropMethods.unaryCall, SimpleRequest(responseStatus: status), as: SimpleResponse.self)
        }
    }

    private static func customMetadata(_ channel: ClientChannel) async throws {
        var metadata: Metadata = [EchoMetadata.initial: "test_initial_metadata_value"]
        metadata.add(EchoMetadata.trailing, binary: [0xAB, 0xAB, 0xAB])
        let answer = try await channel.interopUnary(
            InteropMethods.unaryCall, ClientChannel.largeRequest, as: SimpleResponse.self, metadata: metadata)
        try expectEcho(initial: answer.initial, trailing: answer.trailing)
        let options = CallOptions(metadata: metadata, timeout: InteropClient.callTimeout)
        try await channel.withCall(InteropMethods.fullDuplexCall, options) { call in
            try await call.send(ping(271_828, wants: 314_159))
            call.finishSending()
            try await expectResponse(314_159, on: call)
            try await expectEnd(of: call)
            try expectEcho(initial: try await call.initialMetadata(), trailing: call.trailingMetadata)
        }
    }

    private static func expectEcho(initial: Metadata, trailing: Metadata) throws {
        try expect(
            "the initial metadata", initial.first(EchoMetadata.initial), is: "test_initial_metadata_value")
        try expect(
            "the trailing metadata", trailing.firstBinary(EchoMetadata.trailing), is: [0xAB, 0xAB, 0xAB])
    }
}
