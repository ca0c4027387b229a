import DFSCore
import Logging
import RPC

/// The TLS port of a node, beside its plaintext one, as its operator set it.
package struct NodeTLSSettings: Sendable, Equatable {
    /// Where to listen; port 0 lets the system choose.
    package var listen: ServerAddress
    /// PEM file of the node's certificate and those that lead to the root.
    package var certificate: String
    /// PEM file of the certificate's key.
    package var key: String
    /// PEM file of those who sign clients' certificates; `nil` takes any client.
    package var clientAuthorities: String?

    package init(listen: ServerAddress, certificate: String, key: String, clientAuthorities: String? = nil) {
        self.listen = listen
        self.certificate = certificate
        self.key = key
        self.clientAuthorities = clientAuthorities
    }
}

extension RPCServer {
    /// Serves TLS too. Reads the certificate's files, and blocks for that moment.
    ///
    /// - Returns: the port.
    /// - Throws: ``DFSError`` that names the file or port, and the remedy.
    package func listen(_ settings: NodeTLSSettings, logger: Logger) async throws(DFSError) -> UInt16 {
        var configuration = ServerTLS.Configuration(
            identity: TLSIdentity(certificateFile: settings.certificate, keyFile: settings.key))
        if let authorities = settings.clientAuthorities {
            configuration.clientCertificates = .required(.file(authorities))
        }
        do {
            let tls = try ServerTLS(configuration, logger: logger)
            return try await listen(host: settings.listen.host, port: settings.listen.port, tls: tls)
        } catch let error as RPCError {
            throw DFSError(.failedPrecondition, "cannot serve TLS on \(settings.listen): \(error.message)")
        } catch {
            throw DFSError(.failedPrecondition, "cannot serve TLS on \(settings.listen): \(error)")
        }
    }
}
