import DFSCore

/// Finds where a chunk server is dialled whose address has no host, such as `:9001` (decision 48).
///
/// To a server's own machine such an address means that machine. A Swift master keeps it for servers beside it only, and names
/// it to all others, too: for these it is on the master's machine. Under a Go master any server may have one, and all nodes dial
/// it as it is (WIRE.md).
package final class HostlessLocator: Sendable {
    /// For the question when its last answer is known.
    private static let questionLimit = Duration.seconds(2)

    private let master: Peer

    /// - Parameter master: under the address that others on its machine, and on all others, reach it by.
    package init(master: Peer) { self.master = master }

    /// Where `server` is dialled. A master that is away is taken for what it was.
    ///
    /// - Throws: where the master was never asked what it is and cannot be: a server here must not be taken for it.
    package func locate(_ server: ServerAddress) async throws(DFSError) -> ServerAddress {
        let host = master.address.host
        guard server.host.isEmpty, !host.isEmpty, host != "localhost" else { return server }
        let last = master.lastKind
        var kind: PeerKind
        do {
            kind = try await last == nil ? master.kind() : master.kind(timeout: Self.questionLimit)
        } catch {
            guard let last else { throw error }
            kind = last
        }
        return kind.isSwift ? server.filling(host: host) : server
    }
}
