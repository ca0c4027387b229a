import HTTP2

/// How one call ended other than with OK. It says nothing of the channel or server that the call ran on.
package struct RPCError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Never ``RPCCode/ok`` where one is thrown.
    package var code: RPCCode
    /// For people; travels percent-encoded in `grpc-message`.
    package var message: String
    /// Trailing metadata: the peer's where the error came from there, ours to send where a handler throws it.
    package var metadata: Metadata
    /// The server has certainly not begun with the call: it can be made again.
    package internal(set) var wasUnprocessed = false
    /// The call never left this process: there was no connection for it.
    var wasNeverSent = false
    /// What the server says of another attempt, where it says something. Handlers may set it.
    package var retryPushback: RetryPushback?

    package init(_ code: RPCCode, _ message: String, metadata: Metadata = [:]) {
        self.code = code
        self.message = message
        self.metadata = metadata
    }

    package var description: String { "\(code): \(message)" }

    /// The richer error model's `google.rpc.Status`, encoded, where the other side has sent one.
    package var details: [UInt8]? { metadata.firstBinary("grpc-status-details-bin") }

    /// The same for a call that found no connection.
    func neverSent() -> RPCError {
        var copy = self
        copy.wasUnprocessed = true
        copy.wasNeverSent = true
        return copy
    }
}

extension RPCError {
    /// From a stream that was reset: the table "Errors" of the gRPC HTTP/2 protocol.
    package init(reset code: HTTP2ErrorCode) {
        switch code {
        case .refusedStream:
            self.init(.unavailable, "the peer refused the call before it looked at it")
            wasUnprocessed = true
        case .cancel: self.init(.cancelled, "the peer cancelled the call")
        case .enhanceYourCalm: self.init(.resourceExhausted, "the peer asks for fewer calls")
        case .inadequateSecurity: self.init(.permissionDenied, "the peer wants a safer connection")
        default: self.init(.internalError, "the peer reset the call with HTTP/2 error \(code.rawValue)")
        }
    }

    /// From an HTTP status without a gRPC status: the table of gRPC's http-grpc-status-mapping.
    package init(httpStatus: String) {
        let code: RPCCode =
            switch httpStatus {
            case "400": .internalError
            case "401": .unauthenticated
            case "403": .permissionDenied
            case "404": .unimplemented
            case "429", "502", "503", "504": .unavailable
            default: .unknown
            }
        self.init(code, "the peer answered with HTTP status \(httpStatus), not with gRPC")
    }
}
