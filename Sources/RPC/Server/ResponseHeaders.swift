import HTTP2

/// The header blocks of an answer (gRPC over HTTP/2, "Responses").
enum ResponseHeaders {
    static func initial(compression: MessageCompression = .identity) -> HeaderBlock {
        var block = HeaderBlock([
            (":status", "200"), ("content-type", "application/grpc"),
            ("grpc-accept-encoding", MessageCompression.accepted),
        ])
        if compression != .identity { block.append("grpc-encoding", compression.rawValue) }
        return block
    }

    /// An answer to something that is not gRPC.
    static func plainHTTP(status: String) -> HeaderBlock { HeaderBlock([(":status", status)]) }

    /// Adds status, message and custom metadata: trailers, or the end of a trailers-only block. `nil` means OK.
    static func append(_ error: RPCError?, trailing: Metadata, to block: inout HeaderBlock) {
        block.append("grpc-status", String((error?.code ?? .ok).rawValue))
        if let error {
            if !error.message.isEmpty { block.append("grpc-message", PercentEncoding.encode(error.message)) }
            if let pushback = error.retryPushback { block.append("grpc-retry-pushback-ms", pushback.text) }
            error.metadata.append(to: &block)
        }
        trailing.append(to: &block)
    }
}
