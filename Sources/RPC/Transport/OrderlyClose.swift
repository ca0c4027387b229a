import NIOCore

/// The end of a socket on which all was said.
///
/// What waits is written, the peer is told that nothing follows (FIN, under TLS close_notify before it), and it is the peer
/// that closes. If we closed first, a byte that comes in then, such as a WINDOW_UPDATE, would have the kernel answer with RST
/// and throw away what it had not yet delivered (RFC 2525 §2.17).
enum OrderlyClose {
    /// Bounds the writing, and then once more the wait for the peer. Both together are less than the 8 s that a new client waits
    /// for a master that is restarted; one that was silent for 5 s when it was told of the end gets none of it.
    static let limit = TimeAmount.seconds(3)

    /// Begins it, on the channel's loop. What still comes in is to be dropped.
    ///
    /// - Parameter cut: closes the channel at once. Called where the peer takes too long, or cannot be told.
    static func begin(_ channel: any Channel, cut: @escaping @Sendable () -> Void) {
        let loop = channel.eventLoop
        let writing = loop.scheduleTask(in: limit, cut)
        let isWritten = loop.makePromise(of: Void.self)
        isWritten.futureResult.whenFailure { _ in cut() }
        isWritten.futureResult.whenSuccess {
            writing.cancel()
            let waiting = loop.scheduleTask(in: limit, cut)
            channel.closeFuture.whenComplete { _ in waiting.cancel() }
        }
        channel.closeFuture.whenComplete { _ in writing.cancel() }
        channel.close(mode: .output, promise: isWritten)
    }
}
