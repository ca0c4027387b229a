import NIOCore
import NIOSSL

/// Errors of TLS in words that name the remedy. All are UNAVAILABLE: no call has begun.
enum TLSFailure {
    static func noHTTP2(_ side: TLSHandshake.Side) -> RPCError {
        switch side {
        case .server: RPCError(.unavailable, "the client does not offer h2 by ALPN, which gRPC needs")
        case .client: RPCError(.unavailable, "the server does not agree on h2 by ALPN; is it a gRPC server?")
        }
    }

    static func inWords(_ error: any Error, _ side: TLSHandshake.Side) -> RPCError {
        switch error {
        case let error as RPCError: error
        case NIOSSLError.handshakeFailed(let cause): RPCError(.unavailable, handshake(cause, side))
        case let error as BoringSSLError: RPCError(.unavailable, handshake(error, side))
        case NIOSSLError.uncleanShutdown:
            RPCError(.unavailable, "the connection was cut without a TLS close_notify")
        case NIOSSLError.cannotFindPeerIP:
            RPCError(.unavailable, "the server has no name to check; set the TLS server name")
        case is NIOSSLCloseTimedOutError: RPCError(.unavailable, "the peer did not confirm the end of TLS")
        case let error as NIOSSLExtraError where error == .failedToValidateHostname:
            RPCError(.unavailable, wrongName(side))
        case NIOSSLError.unableToValidateCertificate: RPCError(.unavailable, wrongName(side))
        case let error as IOError: RPCError(.unavailable, "\(error)")
        default: RPCError(.unavailable, "TLS failed: \(error)")
        }
    }

    private static func wrongName(_ side: TLSHandshake.Side) -> String {
        guard case .client(let host?) = side else { return "the certificate does not have the expected name" }
        return "the server's certificate is not for \(host); dial a name or address that is in it"
    }

    private static func handshake(_ error: BoringSSLError, _ side: TLSHandshake.Side) -> String {
        let stack: NIOBoringSSLErrorStack
        switch error {
        case .sslError(let errors), .unknownError(let errors): stack = errors
        case .syscallError: return "the peer closed the connection in the TLS handshake"
        default: return "the TLS handshake failed: \(error)"
        }
        let text = stack.map { "\($0)" }.joined(separator: "; ")
        let reason = known.first { text.contains($0.sign) }?.words(side)
        return "the TLS handshake failed: \(reason ?? text)"
    }

    /// BoringSSL's reasons, as its error strings name them; alerts are of RFC 8446 §6.
    private static let known: [(sign: String, words: @Sendable (TLSHandshake.Side) -> String)] = [
        ("CERTIFICATE_VERIFY_FAILED", { $0.untrustedPeer }),
        ("WRONG_VERSION_NUMBER", { _ in "the peer does not speak TLS on this port" }),
        ("HTTP_REQUEST", { _ in "the peer does not speak TLS on this port" }),
        ("UNSUPPORTED_PROTOCOL", { _ in "the peer speaks no TLS version that is safe; 1.2 and 1.3 are" }),
        ("ALERT_PROTOCOL_VERSION", { _ in "the peer takes neither TLS 1.2 nor 1.3" }),
        ("PEER_DID_NOT_RETURN_A_CERTIFICATE", { _ in "the client shows no certificate, and this server asks for one" }),
        ("CERTIFICATE_REQUIRED", { _ in "the server asks for a client certificate; give one" }),
        ("ALERT_UNKNOWN_CA", { _ in "the peer does not know the CA of our certificate" }),
        ("CERTIFICATE_EXPIRED", { _ in "the peer says that our certificate has expired" }),
        ("ALERT_BAD_CERTIFICATE", { _ in "the peer refuses our certificate" }),
        ("CERTIFICATE_UNKNOWN", { _ in "the peer refuses our certificate" }),
        ("NO_APPLICATION_PROTOCOL", { _ in "the peer does not agree on h2 by ALPN" }),
        ("HANDSHAKE_FAILURE", { _ in "the peer agrees on no cipher suite, or wants a client certificate" }),
        ("NO_SHARED_CIPHER", { _ in "the peer has no cipher suite in common with us" }),
        ("EOF during handshake", { _ in "the peer closed the connection" }),
    ]
}

extension TLSHandshake.Side {
    /// The certificate's chain, dates or signature do not hold.
    fileprivate var untrustedPeer: String {
        switch self {
        case .server: "the client's certificate is expired or not signed by a trusted CA"
        case .client: "the server's certificate is expired or not signed by a trusted CA"
        }
    }
}
