import NIOCore

/// What a session has learned from the bytes it was given.
package enum HTTP2Event: Sendable {
    /// A whole header block: of a request, a response or trailers. `isEnd`: the peer sends no more on the stream.
    case headers(stream: Int32, HeaderBlock, isEnd: Bool)
    /// Data of a stream: a slice of the input, not a copy (very small pieces are copied, so that they do not keep a
    /// large input alive). Its bytes count against the windows until ``HTTP2Session/consume(stream:byteCount:)``.
    case data(stream: Int32, ByteBuffer)
    /// The peer sends no more on the stream.
    case endOfStream(stream: Int32)
    /// What waited to be sent on the stream fell to the low-water mark.
    case drained(stream: Int32)
    /// The stream is gone. `wasReset`: not by both sides ending it.
    case closed(stream: Int32, HTTP2ErrorCode, wasReset: Bool)
    /// The peer takes no stream above `lastStream` any more.
    case goAway(lastStream: Int32, HTTP2ErrorCode)
    /// The peer's first SETTINGS frame has arrived.
    case settings
    /// A ping of the peer's; the answer is queued already.
    case pinged
    /// The answer to a ping of ours that had this payload.
    case pingAcknowledged(UInt64)
}
