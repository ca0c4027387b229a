import CInteropMessages
import DFSWire

/// `grpc.testing.SimpleRequest`: what a unary call is to give.
package struct SimpleRequest: WireMessage {
    /// Bytes of the response's body.
    package var responseSize: Int32
    package var payload: Payload?
    /// For servers that authenticate; ours does not and leaves both names empty.
    package var fillUsername: Bool
    package var fillOAuthScope: Bool
    /// `nil`: as the server likes.
    package var responseCompressed: Bool?
    package var responseStatus: EchoStatus?
    /// Whether this message is compressed; a server that sees otherwise refuses the call.
    package var expectCompressed: Bool?

    package init(
        responseSize: Int32 = 0, payload: Payload? = nil, fillUsername: Bool = false, fillOAuthScope: Bool = false,
        responseCompressed: Bool? = nil, responseStatus: EchoStatus? = nil, expectCompressed: Bool? = nil
    ) {
        self.responseSize = responseSize
        self.payload = payload
        self.fillUsername = fillUsername
        self.fillOAuthScope = fillOAuthScope
        self.responseCompressed = responseCompressed
        self.responseStatus = responseStatus
        self.expectCompressed = expectCompressed
    }

    package static let codec = WireCodec<Self>(
        grpc__testing__simple_request__init, limits: .payload,
        read: { field in
            Self(
                responseSize: field.response_size, payload: nested(field.payload),
                fillUsername: field.fill_username != 0, fillOAuthScope: field.fill_oauth_scope != 0,
                responseCompressed: optionalBool(field.response_compressed),
                responseStatus: nested(field.response_status),
                expectCompressed: optionalBool(field.expect_compressed))
        },
        write: { message, field, writer throws(WireError) in
            field.response_size = message.responseSize
            field.payload = try writer.optional(message.payload)
            field.fill_username = message.fillUsername ? 1 : 0
            field.fill_oauth_scope = message.fillOAuthScope ? 1 : 0
            field.response_compressed = try writer.optional(message.responseCompressed)
            field.response_status = try writer.optional(message.responseStatus)
            field.expect_compressed = try writer.optional(message.expectCompressed)
        })
}

/// `grpc.testing.SimpleResponse`: what a unary call gave.
package struct SimpleResponse: WireMessage {
    package var payload: Payload?
    package var username: String
    package var oauthScope: String

    package init(payload: Payload? = nil, username: String = "", oauthScope: String = "") {
        self.payload = payload
        self.username = username
        self.oauthScope = oauthScope
    }

    package static let codec = WireCodec<Self>(
        grpc__testing__simple_response__init, limits: .payload,
        read: { field in
            Self(payload: nested(field.payload), username: text(field.username), oauthScope: text(field.oauth_scope))
        },
        write: { message, field, writer throws(WireError) in
            field.payload = try writer.optional(message.payload)
            field.username = try writer.text(message.username, "username")
            field.oauth_scope = try writer.text(message.oauthScope, "oauth_scope")
        })
}
