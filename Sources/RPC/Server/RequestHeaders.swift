import HTTP2

/// Why a request does not become a call.
enum RequestRefusal: Error {
    /// It is no gRPC: answered in plain HTTP.
    case http(status: String)
    /// Answered trailers-only.
    case status(RPCError)
}

/// The headers of a request, checked (gRPC over HTTP/2, "Requests").
struct RequestHeaders {
    let path: String
    let timeout: Duration?
    let metadata: Metadata
    /// How the client compresses the messages that it marks.
    let compression: MessageCompression
    /// The compressions that the client takes in the answer, as it wrote them.
    let acceptedCompressions: String?

    init(_ block: HeaderBlock) throws(RequestRefusal) {
        guard block.firstBytes(":method")?.elementsEqual("POST".utf8) == true else { throw .http(status: "405") }
        guard let type = block.firstBytes("content-type"), Self.isGRPC(type) else { throw .http(status: "415") }
        guard !block.isTruncated else {
            throw .status(RPCError(.resourceExhausted, "the request's headers are larger than this server takes"))
        }
        guard let path = block.first(":path") else { throw .http(status: "400") }
        let encoding = block.first("grpc-encoding") ?? MessageCompression.identity.rawValue
        guard let compression = MessageCompression(rawValue: encoding) else {
            throw .status(
                RPCError(
                    .unimplemented,
                    "this server does not know grpc-encoding \(encoding); it takes \(MessageCompression.accepted)"))
        }
        self.compression = compression
        acceptedCompressions = block.first("grpc-accept-encoding")
        self.path = path
        if let text = block.first("grpc-timeout") {
            guard let timeout = GRPCTimeout.decode(text) else {
                throw .status(RPCError(.internalError, "the request has a malformed grpc-timeout"))
            }
            self.timeout = timeout
        } else {
            timeout = nil
        }
        metadata = Metadata(block)
    }

    private static func isGRPC(_ type: ArraySlice<UInt8>) -> Bool {
        let name = "application/grpc".utf8
        guard type.starts(with: name) else { return false }
        let rest = type.dropFirst(name.count).first
        return rest == nil || rest == UInt8(ascii: "+") || rest == UInt8(ascii: ";")
    }
}
