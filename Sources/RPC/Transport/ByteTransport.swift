import NIOCore

/// Carries the bytes of one connection: a socket, or memory in tests. All calls come on its event loop.
protocol ByteTransport: AnyObject {
    var eventLoop: any EventLoop { get }
    /// False while so much waits to be written that more should not be added.
    var isWritable: Bool { get }
    /// Bytes that were written and that the socket has not taken.
    var queuedByteCount: Int { get }
    /// The peer's numeric IP address, or empty where it has none.
    var peerHost: String { get }
    /// Whether the bytes are protected on their way (TLS).
    var isSecure: Bool { get }
    /// Queues the buffers, in order, and starts writing.
    func write(_ buffers: [ByteBuffer])
    /// Closes when the peer has had what was written, and the time to take it; ``TransportReceiver/transportClosed(reason:)``
    /// follows, once, not from within. Nothing may be written after this.
    func finish()
    /// Closes now: what the socket has not taken is lost. ``TransportReceiver/transportClosed(reason:)`` follows, once, not
    /// from within.
    func close()
}

extension ByteTransport {
    var isSecure: Bool { false }
    var queuedByteCount: Int { 0 }
    /// For transports that lose nothing when they close.
    func finish() { close() }
}

/// The side of a connection that a transport talks to. All calls come on the transport's event loop.
protocol TransportReceiver: AnyObject {
    func received(_ buffer: ByteBuffer)
    /// No more bytes wait right now: answer in one go.
    func readCompleted()
    func writabilityChanged()
    /// The last call. `reason` is `nil` when the peer closed without an error.
    func transportClosed(reason: (any Error)?)
}
