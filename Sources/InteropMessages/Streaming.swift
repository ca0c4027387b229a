import CInteropMessages
import DFSWire

/// `grpc.testing.StreamingInputCallRequest`: one of many messages to the server.
package struct StreamingInputCallRequest: WireMessage {
    package var payload: Payload?
    /// As in ``SimpleRequest/expectCompressed``.
    package var expectCompressed: Bool?

    package init(payload: Payload? = nil, expectCompressed: Bool? = nil) {
        self.payload = payload
        self.expectCompressed = expectCompressed
    }

    package static let codec = WireCodec<Self>(
        grpc__testing__streaming_input_call_request__init, limits: .payload,
        read: { Self(payload: nested($0.payload), expectCompressed: optionalBool($0.expect_compressed)) },
        write: { message, field, writer throws(WireError) in
            field.payload = try writer.optional(message.payload)
            field.expect_compressed = try writer.optional(message.expectCompressed)
        })
}

/// `grpc.testing.StreamingInputCallResponse`: what came of all of them.
package struct StreamingInputCallResponse: WireMessage {
    /// Bytes of all bodies.
    package var aggregatedPayloadSize: Int32

    package init(aggregatedPayloadSize: Int32 = 0) {
        self.aggregatedPayloadSize = aggregatedPayloadSize
    }

    package static let codec = WireCodec<Self>(
        grpc__testing__streaming_input_call_response__init,
        read: { Self(aggregatedPayloadSize: $0.aggregated_payload_size) },
        write: { message, field, _ in field.aggregated_payload_size = message.aggregatedPayloadSize })
}

/// `grpc.testing.ResponseParameters`: how one of many responses is to be.
package struct ResponseParameters: WireMessage {
    /// Bytes of the body.
    package var size: Int32
    /// Time to wait before this response, in microseconds.
    package var intervalUs: Int32
    /// `nil`: as the server likes.
    package var compressed: Bool?

    package init(size: Int32 = 0, intervalUs: Int32 = 0, compressed: Bool? = nil) {
        self.size = size
        self.intervalUs = intervalUs
        self.compressed = compressed
    }

    package static let codec = WireCodec<Self>(
        grpc__testing__response_parameters__init,
        read: { Self(size: $0.size, intervalUs: $0.interval_us, compressed: optionalBool($0.compressed)) },
        write: { message, field, writer throws(WireError) in
            field.size = message.size
            field.interval_us = message.intervalUs
            field.compressed = try writer.optional(message.compressed)
        })
}

/// `grpc.testing.StreamingOutputCallRequest`: which responses are wanted.
package struct StreamingOutputCallRequest: WireMessage {
    package var responseParameters: [ResponseParameters]
    package var payload: Payload?
    package var responseStatus: EchoStatus?

    package init(
        responseParameters: [ResponseParameters] = [], payload: Payload? = nil, responseStatus: EchoStatus? = nil
    ) {
        self.responseParameters = responseParameters
        self.payload = payload
        self.responseStatus = responseStatus
    }

    package static let codec = WireCodec<Self>(
        grpc__testing__streaming_output_call_request__init, limits: .payload,
        read: { field in
            Self(
                responseParameters: nestedList(field.response_parameters, field.n_response_parameters),
                payload: nested(field.payload), responseStatus: nested(field.response_status))
        },
        write: { message, field, writer throws(WireError) in
            (field.n_response_parameters, field.response_parameters) =
                try writer.nestedList(message.responseParameters)
            field.payload = try writer.optional(message.payload)
            field.response_status = try writer.optional(message.responseStatus)
        })
}

/// `grpc.testing.StreamingOutputCallResponse`: one of many responses.
package struct StreamingOutputCallResponse: WireMessage {
    package var payload: Payload?

    package init(payload: Payload? = nil) {
        self.payload = payload
    }

    package static let codec = WireCodec<Self>(
        grpc__testing__streaming_output_call_response__init, limits: .payload,
        read: { Self(payload: nested($0.payload)) },
        write: { message, field, writer throws(WireError) in
            field.payload = try writer.optional(message.payload)
        })
}
