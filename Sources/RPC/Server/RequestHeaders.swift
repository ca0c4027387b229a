import HTTP2

/// Why a request does not become a call.
enum RequestRefusal: Error {
    /// It is no gRPC: answered in plain HTTP.
    case http(status: String)
    /// Answered trailers-only.
    case status(RPCError)
}

/// The headers of a request, checked (gRPC over HTTP/2, "Requests").
struct RequestHeaders: Sendable {
    /// Where the path lies among the fields.
    let pathIndex: Int
    let timeout: Duration?
    let metadata: Metadata
    /// How the client compresses the messages that it marks.
    let compression: MessageCompression
    /// Whether the client takes gzip in the answer.
    let acceptsGzip: Bool

    init(_ block: HeaderBlock) throws(RequestRefusal) {
        let fields = block.withFields { Fields($0) }
        guard fields.isPOST else { throw .http(status: "405") }
        guard fields.isGRPC else { throw .http(status: "415") }
        guard !block.isTruncated else {
            throw .status(RPCError(.resourceExhausted, "the request's headers are larger than this server takes"))
        }
        guard let pathIndex = fields.path else { throw .http(status: "400") }
        self.pathIndex = pathIndex
        compression =
            try fields.encoding.map { index throws(RequestRefusal) in
                try Self.compression(block.value(at: index))
            } ?? .identity
        acceptsGzip = fields.acceptsGzip
        timeout = try fields.timeout.map { index throws(RequestRefusal) in try Self.timeout(block.value(at: index)) }
        metadata = fields.custom.isEmpty ? Metadata() : Metadata(block, fields: fields.custom)
    }

    private static func compression(_ name: String) throws(RequestRefusal) -> MessageCompression {
        guard let compression = MessageCompression(rawValue: name) else {
            throw .status(
                RPCError(
                    .unimplemented,
                    "this server does not know grpc-encoding \(name); it takes \(MessageCompression.accepted)"))
        }
        return compression
    }

    private static func timeout(_ text: String) throws(RequestRefusal) -> Duration {
        guard let timeout = GRPCTimeout.decode(text) else {
            throw .status(RPCError(.internalError, "the request has a malformed grpc-timeout"))
        }
        return timeout
    }

    /// Where the fields are, found in one pass; of several with one name the first counts.
    private struct Fields {
        var isPOST = false
        var isGRPC = false
        var acceptsGzip = false
        var path: Int?
        var timeout: Int?
        var encoding: Int?
        var custom: [Int] = []

        init(_ fields: HeaderBlock.LentFields) {
            for index in 0..<fields.count {
                let (name, value) = fields[index]
                switch HeaderName(name) {
                case .method: isPOST = value.isText("POST")
                case .path: path = path ?? index
                case .contentType: isGRPC = Self.isGRPC(value)
                case .timeout: timeout = timeout ?? index
                case .encoding: encoding = encoding ?? index
                case .acceptEncoding: acceptsGzip = acceptsGzip || MessageCompression.isGzip(in: value)
                case .reserved: break
                case .custom: custom.append(index)
                }
            }
        }

        private static func isGRPC(_ type: UnsafeRawBufferPointer) -> Bool {
            guard type.hasTextPrefix("application/grpc") else { return false }
            let rest = type.dropFirst("application/grpc".utf8.count).first
            return rest == nil || rest == UInt8(ascii: "+") || rest == UInt8(ascii: ";")
        }
    }
}
