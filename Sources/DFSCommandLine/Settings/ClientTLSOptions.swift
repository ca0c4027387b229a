import ArgumentParser

/// How a client speaks TLS.
package struct ClientTLSOptions: ParsableArguments, Sendable {
    /// Stands for the operating system's certificates.
    private static let system = "system"

    private static let authoritiesFlag = FlagDeclaration.value(
        "tls-ca", String.self, environment: "DFS_TLS_CA",
        help: "Speak TLS and nothing else; PEM file of those who sign the nodes' certificates, or 'system'.",
        placeholder: "file")
    private static let certificateFlag = FlagDeclaration.value(
        "tls-cert", String.self, environment: "DFS_TLS_CERT", beside: "tls-ca",
        help: "PEM file of the client's own certificate.",
        placeholder: "file")
    private static let keyFlag = FlagDeclaration.value(
        "tls-key", String.self, environment: "DFS_TLS_KEY", beside: "tls-ca",
        help: "PEM file of that certificate's key.",
        placeholder: "file")

    /// The declarations, for ``Program/flags``.
    package static let flags = [authoritiesFlag, certificateFlag, keyFlag]

    @Option(Self.authoritiesFlag) private var givenAuthorities: String?
    @Option(Self.certificateFlag) package var certificate: String?
    @Option(Self.keyFlag) package var key: String?

    package init() {}

    /// Whether TLS is spoken.
    package var isOn: Bool { givenAuthorities != nil }

    /// A PEM file; `nil` for the operating system's.
    package var authorities: String? { givenAuthorities == Self.system ? nil : givenAuthorities }

    /// Called by ArgumentParser once all values are known.
    public func validate() throws {
        guard (certificate == nil) == (key == nil) else {
            throw ValidationError("-tls-cert and -tls-key come together; give both or neither")
        }
        guard isOn || certificate == nil else {
            throw ValidationError("-tls-ca: name a file or 'system'; without it the client speaks plaintext")
        }
    }
}
