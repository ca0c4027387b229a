import CNGHTTP2

/// Why a session cannot go on. The connection it serves is to be closed once what is left to send has been sent.
package struct HTTP2SessionError: Error, Sendable, CustomStringConvertible {
    package enum Fault: Sendable {
        /// The peer broke RFC 9113.
        case peer
        /// We called the session in a way that it does not allow, or ran out of memory.
        case ours
    }

    package let fault: Fault
    package let message: String

    package var description: String { message }

    init(_ fault: Fault, _ message: String) {
        self.fault = fault
        self.message = message
    }

    /// From a negative result of the library.
    init(result: Int, doing action: String) {
        let code = Int32(truncatingIfNeeded: result)
        let text = String(cString: nghttp2_strerror(code))
        let isPeers =
            code == NGHTTP2_ERR_BAD_CLIENT_MAGIC.rawValue || code == NGHTTP2_ERR_FLOODED.rawValue
            || code == NGHTTP2_ERR_PROTO.rawValue
        self.init(isPeers ? .peer : .ours, "HTTP/2: \(action): \(text)")
    }
}

/// The error codes of RST_STREAM and GOAWAY (RFC 9113 §7). Unknown codes are kept.
package struct HTTP2ErrorCode: RawRepresentable, Hashable, Sendable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let noError = HTTP2ErrorCode(rawValue: 0x0)
    package static let protocolError = HTTP2ErrorCode(rawValue: 0x1)
    package static let internalError = HTTP2ErrorCode(rawValue: 0x2)
    package static let flowControlError = HTTP2ErrorCode(rawValue: 0x3)
    package static let refusedStream = HTTP2ErrorCode(rawValue: 0x7)
    package static let cancel = HTTP2ErrorCode(rawValue: 0x8)
    package static let enhanceYourCalm = HTTP2ErrorCode(rawValue: 0xB)
    package static let inadequateSecurity = HTTP2ErrorCode(rawValue: 0xC)
}
