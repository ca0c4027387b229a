/// What a session offers to its peer, and how it limits itself.
package struct HTTP2Settings: Sendable {
    /// Bytes that a peer may send on one stream before the reader has read. Bounds memory per stream.
    package var streamWindow = 4 << 20
    /// Bytes that a peer may send on all streams of the connection together. Bounds memory per connection.
    package var connectionWindow = 16 << 20
    /// The largest frame payload that the peer may send to us, and that we send where the peer allows as much.
    package var maxFrameSize = 1 << 20
    /// Streams that the peer may have open at once.
    package var maxConcurrentStreams: UInt32 = 1000
    /// The largest header list taken, counted as in RFC 9113 §6.5.2. More is cut and marked.
    package var maxHeaderListSize = 64 << 10

    package init() {}
}
