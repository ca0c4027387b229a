import ArgumentParser
import DFSCore

/// The TLS port of a node, beside its plaintext one.
package struct NodeTLSOptions: ParsableArguments, Sendable {
    private static let listenFlag = FlagDeclaration.value(
        "tls-listen", ServerAddress.self, environment: "DFS_TLS_LISTEN",
        help: "Address to serve TLS on, beside the plaintext one; needs -tls-cert and -tls-key.")
    private static let certificateFlag = FlagDeclaration.value(
        "tls-cert", String.self, environment: "DFS_TLS_CERT", beside: "tls-listen",
        help: "PEM file of the certificate and its chain.",
        placeholder: "file")
    private static let keyFlag = FlagDeclaration.value(
        "tls-key", String.self, environment: "DFS_TLS_KEY", beside: "tls-listen",
        help: "PEM file of the certificate's key.",
        placeholder: "file")
    private static let authoritiesFlag = FlagDeclaration.value(
        "tls-ca", String.self, environment: "DFS_TLS_CA", beside: "tls-listen",
        help: "PEM file of those who sign clients' certificates.",
        placeholder: "file")
    private static let clientAuthenticationFlag = FlagDeclaration.value(
        "tls-client-auth", TLSClientAuthentication.self, environment: "DFS_TLS_CLIENT_AUTH",
        beside: "tls-listen", help: "Whether clients must show a certificate that -tls-ca signed.")

    /// The declarations, for ``Program/flags``.
    package static let flags = [listenFlag, certificateFlag, keyFlag, authoritiesFlag, clientAuthenticationFlag]

    @Option(Self.listenFlag) package var listen: ServerAddress?
    @Option(Self.certificateFlag) package var certificate: String?
    @Option(Self.keyFlag) package var key: String?
    @Option(Self.authoritiesFlag) package var authorities: String?
    @Option(Self.clientAuthenticationFlag) package var clientAuthentication = TLSClientAuthentication.none

    package init() {}

    /// Called by ArgumentParser once all values are known.
    public func validate() throws {
        if listen == nil {
            guard certificate == nil, key == nil, clientAuthentication == .none else {
                throw ValidationError("-tls-listen: name an address, or the other TLS flags do nothing")
            }
            return
        }
        guard certificate != nil, key != nil else {
            throw ValidationError("-tls-listen: needs -tls-cert and -tls-key")
        }
        guard clientAuthentication == .none || authorities != nil else {
            throw ValidationError("-tls-client-auth: needs -tls-ca, the file of those who sign clients' certificates")
        }
    }
}
