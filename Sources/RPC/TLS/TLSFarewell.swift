import NIOCore
import NIOSSL

/// The end of a TLS connection.
enum TLSFarewell {
    /// Sends close_notify and closes the socket, on the channel's loop. The peer's own close_notify is not waited for,
    /// which RFC 8446 §6.1 leaves to us: HTTP/2 has said by GOAWAY where its data ends, and some peers take seconds.
    static func close(_ channel: any Channel) {
        channel.close(promise: nil)
        let pipeline = channel.pipeline.syncOperations
        let tls =
            (try? pipeline.context(handlerType: NIOSSLClientHandler.self))
            ?? (try? pipeline.context(handlerType: NIOSSLServerHandler.self))
        // From the TLS handler's place on, so that it is not asked again.
        tls?.close(promise: nil)
    }
}
