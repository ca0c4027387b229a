import Logging
import NIOCore
import NIOSSL

/// How a client speaks TLS; shared by all channels that use it.
package final class ClientTLS: Sendable {
    package struct Configuration: Sendable {
        /// Who may have signed the servers' certificates.
        package var trust: TLSTrust
        /// What this side shows to servers that ask (mutual TLS).
        package var identity: TLSIdentity?
        /// The name that servers' certificates must have, where it is not the host that is dialled. An IP address is
        /// looked for among the certificate's addresses.
        package var serverName: String?
        /// The files are read again no more often than this.
        package var reloadInterval = Duration.seconds(1)

        package init(trust: TLSTrust, identity: TLSIdentity? = nil) {
            self.trust = trust
            self.identity = identity
        }
    }

    private let serverName: String?
    private let contexts: TLSContextSource

    /// Reads the files. Blocks.
    ///
    /// - Throws: ``RPCError`` `failedPrecondition` that names the file and the remedy.
    package init(_ configuration: Configuration, logger: Logger) throws(RPCError) {
        serverName = configuration.serverName
        let (identity, trust) = (configuration.identity, configuration.trust)
        contexts = try TLSContextSource(
            interval: configuration.reloadInterval, logger: logger,
            load: { () throws(RPCError) in try TLSMaterial(identity: identity, trust: trust) },
            make: { material throws(RPCError) in
                try TLSRules.makeContext(material, identity: identity, verification: .fullVerification)
            })
    }

    /// Puts TLS at the front of a new connection to `host`.
    ///
    /// - Parameter host: as it was dialled: a name, or an address, which then must be in the certificate; `nil` for a
    ///   socket of this machine, which needs ``Configuration/serverName``.
    /// - Returns: when the handshake is done and the certificate good.
    func handshake(on channel: any Channel, host: String?, deadline: NIODeadline) -> EventLoopFuture<Void> {
        let name = serverName ?? host.flatMap { Self.isAddress($0) ? nil : $0 }
        return contexts.context(on: channel.eventLoop).flatMapThrowing { context in
            guard let tls = try? NIOSSLClientHandler(context: context, serverHostname: name) else {
                throw RPCError(.unavailable, "\(name ?? "") is no server name for TLS; dial a name of a certificate")
            }
            return try TLSHandshake.begin(
                tls, on: channel, timeout: deadline - .now(), side: .client(host: name ?? host))
        }.flatMap { (completed: EventLoopFuture<Void>) in completed }
    }

    private static func isAddress(_ host: String) -> Bool { (try? SocketAddress(ipAddress: host, port: 0)) != nil }
}
