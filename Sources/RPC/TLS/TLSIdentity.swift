/// What one side of a TLS connection shows of itself: two files in PEM.
package struct TLSIdentity: Sendable, Equatable {
    /// The certificate, and after it those that lead to a root that the peer trusts.
    package var certificateFile: String
    /// The certificate's private key, not encrypted.
    package var keyFile: String

    package init(certificateFile: String, keyFile: String) {
        self.certificateFile = certificateFile
        self.keyFile = keyFile
    }
}

/// Who may have signed the peer's certificate.
package enum TLSTrust: Sendable, Equatable {
    /// Whom the operating system trusts.
    case system
    /// The certificates of one PEM file, and nobody else.
    case file(String)
}
