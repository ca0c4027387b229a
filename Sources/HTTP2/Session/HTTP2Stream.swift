/// What the session keeps for one open stream, in its table.
struct HTTP2Stream {
    var outbound = OutboundQueue()
    /// The peer has ended its side.
    var isRemoteClosed = false
    /// We have ended ours: the frame with END_STREAM is out.
    var isLocalClosed = false
    /// A server answered before it read all: the peer is told to stop when the answer is out (RFC 9113 §8.1).
    var resetsAfterEnd = false
    /// A RST_STREAM was sent or received.
    var wasReset = false
}
