import HTTP2

/// The header blocks of an answer (gRPC over HTTP/2, "Responses").
enum ResponseHeaders {
    /// Made once: most calls have no other.
    private static let plain = HeaderBlock.permanent([
        (":status", "200"), ("content-type", "application/grpc"),
        ("grpc-accept-encoding", MessageCompression.accepted),
    ])
    /// The trailers of most calls.
    static let plainEnd = HeaderBlock.permanent([("grpc-status", "0")])

    /// A longer `grpc-message` is cut. gRPC's C core, and with it Python, may refuse headers above 8 KiB, status and all.
    private static let maxMessageByteCount = 4 << 10

    static func initial(compression: MessageCompression = .identity) -> HeaderBlock {
        if compression == .identity { return plain }
        var block = plain
        block.append("grpc-encoding", compression.rawValue)
        return block
    }

    /// The trailers, or the one block of a trailers-only answer (`isWhole`).
    static func end(_ error: RPCError?, trailing: Metadata, isWhole: Bool) -> HeaderBlock {
        var block = isWhole ? plain : HeaderBlock()
        append(error, trailing: trailing, to: &block)
        return block
    }

    /// An answer to something that is not gRPC.
    static func plainHTTP(status: String) -> HeaderBlock { HeaderBlock([(":status", status)]) }

    /// Adds status, message and custom metadata: trailers, or the end of a trailers-only block. `nil` means OK.
    private static func append(_ error: RPCError?, trailing: Metadata, to block: inout HeaderBlock) {
        block.append("grpc-status", String((error?.code ?? .ok).rawValue))
        if let error {
            if !error.message.isEmpty {
                let text = PercentEncoding.encode(error.message, maxByteCount: maxMessageByteCount)
                block.append("grpc-message", text)
            }
            if let pushback = error.retryPushback { block.append("grpc-retry-pushback-ms", pushback.text) }
            error.metadata.append(to: &block)
        }
        trailing.append(to: &block)
    }
}
