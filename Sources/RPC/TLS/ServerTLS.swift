import Logging
import NIOCore
import NIOSSL

/// How a server speaks TLS on one of its ports; shared by all connections there.
package final class ServerTLS: Sendable {
    /// Whether clients must show certificates (mutual TLS).
    package enum ClientCertificates: Sendable, Equatable {
        case none
        /// Signed by one of these; connections without are refused.
        case required(TLSTrust)
    }

    package struct Configuration: Sendable {
        package var identity: TLSIdentity
        package var clientCertificates = ClientCertificates.none
        /// From the accepted connection to the end of the handshake.
        package var handshakeTimeout = Duration.seconds(10)
        /// The files are read again no more often than this.
        package var reloadInterval = Duration.seconds(1)

        package init(identity: TLSIdentity) { self.identity = identity }
    }

    let handshakeTimeout: TimeAmount
    private let contexts: TLSContextSource

    /// Reads the files. Blocks.
    ///
    /// - Throws: ``RPCError`` `failedPrecondition` that names the file and the remedy.
    package init(_ configuration: Configuration, logger: Logger) throws(RPCError) {
        handshakeTimeout = TimeAmount(configuration.handshakeTimeout)
        let identity = configuration.identity
        let trust: TLSTrust?
        let verification: CertificateVerification
        switch configuration.clientCertificates {
        case .none: (trust, verification) = (nil, .none)
        // A client has no name that could be checked.
        case .required(let roots): (trust, verification) = (roots, .noHostnameVerification)
        }
        contexts = try TLSContextSource(
            interval: configuration.reloadInterval, logger: logger,
            load: { () throws(RPCError) in try TLSMaterial(identity: identity, trust: trust) },
            make: { material throws(RPCError) in
                try TLSRules.makeContext(material, identity: identity, verification: verification)
            })
    }

    /// Reads the files again now, on a thread that may block. Unusable ones leave the old certificates in use. The outcome
    /// is logged.
    package func reload() async { await contexts.reloadNow() }

    /// Puts TLS at the front of an accepted connection.
    ///
    /// - Returns: the handshake, which has begun; to be used on the channel's loop.
    func start(on channel: any Channel) -> EventLoopFuture<EventLoopFuture<Void>> {
        let timeout = handshakeTimeout
        return contexts.context(on: channel.eventLoop).flatMapThrowing { context in
            try TLSHandshake.begin(
                NIOSSLServerHandler(context: context), on: channel, timeout: timeout, side: .server)
        }
    }
}
