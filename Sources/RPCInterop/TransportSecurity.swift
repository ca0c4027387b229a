import DFSCore

/// How a tool's connections are secured, as its flags say.
package enum TransportSecurity: Sendable, Equatable {
    case plaintext
    /// PEM files.
    case serverTLS(certificateFile: String, keyFile: String)
    /// `caFile`: PEM; `nil` trusts the system's authorities. `serverName`: what the certificate must name, where that is
    /// not the host.
    case clientTLS(caFile: String?, serverName: String?)

    /// The one place where TLS will enter.
    ///
    /// - Throws: ``DFSError`` of code ``DFSError/Code/invalidArgument`` for everything but plaintext.
    func requirePlaintext() throws(DFSError) {
        if self != .plaintext {
            throw DFSError(.invalidArgument, "--use_tls: this build speaks plaintext only; leave the flag out")
        }
    }
}
