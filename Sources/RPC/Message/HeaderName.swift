import Glibc

/// The header fields that gRPC gives a meaning, told from their bytes without making a `String`
/// (gRPC over HTTP/2, "Requests" and "Responses").
enum HeaderName {
    case method, path, contentType, timeout, encoding, acceptEncoding
    /// Another one that belongs to HTTP/2 or gRPC.
    case reserved
    /// Custom metadata.
    case custom

    init(_ name: UnsafeRawBufferPointer) {
        guard let first = name.first else {
            self = .reserved
            return
        }
        switch first {
        case UInt8(ascii: ":"):
            self = name.isText(":path") ? .path : name.isText(":method") ? .method : .reserved
        case UInt8(ascii: "g") where name.hasTextPrefix("grpc-"): self.init(ofGRPC: name)
        case UInt8(ascii: "c") where name.isText("content-type"): self = .contentType
        case UInt8(ascii: "t") where name.isText("te"): self = .reserved
        case UInt8(ascii: "u") where name.isText("user-agent"): self = .reserved
        default: self = .custom
        }
    }

    private init(ofGRPC name: UnsafeRawBufferPointer) {
        if name.isText("grpc-timeout") {
            self = .timeout
        } else if name.isText("grpc-encoding") {
            self = .encoding
        } else if name.isText("grpc-accept-encoding") {
            self = .acceptEncoding
        } else {
            self = name.isText("grpc-status-details-bin") ? .custom : .reserved
        }
    }
}

extension UnsafeRawBufferPointer {
    func isText(_ text: StaticString) -> Bool { count == text.utf8CodeUnitCount && hasTextPrefix(text) }

    func hasTextPrefix(_ text: StaticString) -> Bool {
        guard count >= text.utf8CodeUnitCount, let baseAddress else { return false }
        return memcmp(baseAddress, text.utf8Start, text.utf8CodeUnitCount) == 0
    }
}
