/// How one call is made.
package struct CallOptions: Sendable {
    /// Sent with the request.
    package var metadata: Metadata
    /// How long the whole call may take, with connecting; `nil` is for ever. Told to the server.
    package var timeout: Duration?
    /// The largest message taken, in bytes, where it is not the channel's.
    package var maxReceiveMessageBytes: Int?
    /// The largest message sent, in bytes, where it is not the channel's.
    package var maxSendMessageBytes: Int?
    /// Wait while the server cannot be reached, until the deadline, instead of failing with UNAVAILABLE.
    package var waitForReady: Bool
    /// How the request's messages are compressed; the server must know it (UNIMPLEMENTED otherwise).
    package var compression: MessageCompression
    /// For unary calls that may be made more than once; `nil` makes the channel's count.
    package var retryPolicy: RetryPolicy?
    /// Told to the server, as `grpc-previous-rpc-attempts`.
    var previousAttempts = 0

    package init(
        metadata: Metadata = [:], timeout: Duration? = nil, maxReceiveMessageBytes: Int? = nil,
        maxSendMessageBytes: Int? = nil, waitForReady: Bool = false, compression: MessageCompression = .identity
    ) {
        self.metadata = metadata
        self.timeout = timeout
        self.maxReceiveMessageBytes = maxReceiveMessageBytes
        self.maxSendMessageBytes = maxSendMessageBytes
        self.waitForReady = waitForReady
        self.compression = compression
    }
}

/// What a unary call gave.
package struct UnaryResponse: Sendable {
    package let message: RPCMessage
    package let initialMetadata: Metadata
    package let trailingMetadata: Metadata
}
