import NIOCore
import NIOSSL

/// What gRPC asks of TLS, the same on both sides.
enum TLSRules {
    /// HTTP/2 over TLS, as ALPN names it (RFC 9113 §3.2). gRPC takes nothing else.
    static let applicationProtocol = "h2"

    /// The suites of TLS 1.2 that HTTP/2 does not prohibit (RFC 9113 §9.2.2, Appendix A); those of TLS 1.3 are all good.
    private static let ciphers: [NIOTLSCipher] = [
        .TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, .TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        .TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, .TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        .TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, .TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    ]

    /// How long a closing side waits for the peer's close_notify (RFC 8446 §6.1).
    private static let closeTimeout = TimeAmount.seconds(2)

    /// - Throws: ``RPCError`` `failedPrecondition` where the key is another certificate's.
    static func makeContext(
        _ material: TLSMaterial, identity: TLSIdentity?, verification: CertificateVerification
    ) throws(RPCError) -> NIOSSLContext {
        // The structure is the same for both sides; what makes a server is the handler.
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateVerification = verification
        configuration.minimumTLSVersion = .tlsv12
        configuration.cipherSuiteValues = ciphers
        configuration.applicationProtocols = [applicationProtocol]
        configuration.renegotiationSupport = .none
        configuration.shutdownTimeout = closeTimeout
        configuration.certificateChain = material.chain.map { .certificate($0) }
        configuration.privateKey = material.key.map { .privateKey($0) }
        configuration.trustRoots = material.roots.map { .certificates($0) } ?? .default
        do {
            return try NIOSSLContext(configuration: configuration)
        } catch NIOSSLError.failedToLoadPrivateKey {
            let (key, certificate) = (identity?.keyFile ?? "", identity?.certificateFile ?? "")
            throw RPCError(
                .failedPrecondition,
                "the TLS key \(key) does not belong to the first certificate of \(certificate); give a matching pair")
        } catch {
            throw RPCError(.failedPrecondition, "TLS cannot be set up: \(error)")
        }
    }
}
