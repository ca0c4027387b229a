import DFSCore
import DFSWire
import RPC

/// Finds the TLS ports of chunk servers by asking their master, over TLS too: chunk servers register their plaintext
/// addresses, since Go nodes dial those, and a client that speaks TLS sends nothing there, not even a question.
package struct SecureLocator: Sendable {
    private static let limit = Duration.seconds(8)
    private let master: Peer

    /// - Parameter master: a peer whose channel speaks TLS.
    package init(master: Peer) { self.master = master }

    /// Where `server` serves TLS: its host, or its master's where it has none, and the port that it told its master.
    ///
    /// - Throws: ``DFSError`` of code `failedPrecondition` for a server without TLS, such as a Go node: another replica
    ///   may have it.
    package func locate(_ server: ServerAddress) async throws(DFSError) -> ServerAddress {
        let request = SecurePortRequest(server: server.description)
        let options = CallOptions(timeout: Self.limit, waitForReady: true)
        let response: SecurePortResponse
        do {
            response = try await master.unary(
                Methods.securePort, request, as: SecurePortResponse.self, options: options)
        } catch  where error.code == .unimplemented {
            throw DFSError(.failedPrecondition, "\(master.name) does not know where chunk servers serve TLS; update it")
        }
        guard let port = UInt16(exactly: response.port), port != 0 else {
            throw DFSError(
                .failedPrecondition,
                "chunk server \(server) serves no TLS, and this client speaks nothing else; start it with -tls-listen",
                advice: .tryOtherReplica)
        }
        // One without a host is on its master's machine (``HostlessLocator``).
        return ServerAddress(host: server.host, port: port).filling(host: master.address.host)
    }
}
