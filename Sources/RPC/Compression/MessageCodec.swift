import NIOCore

/// The compression of one call, both ways. Its working memory is made when the first compressed message needs it.
struct MessageCodec {
    /// How the peer compresses what it marks as compressed.
    var inbound = MessageCompression.identity
    /// How we do.
    var outbound = MessageCompression.identity
    private var compressor: GzipCompressor?
    private var decompressor: GzipDecompressor?

    /// - Parameter limit: bytes of the message when decompressed.
    /// - Throws: ``RPCError`` `internalError` where no compression was agreed on; as
    ///   ``GzipDecompressor/decompress(_:limit:)``.
    mutating func decompress(_ message: RPCMessage, limit: Int) throws(RPCError) -> RPCMessage {
        guard inbound == .gzip else {
            throw RPCError(.internalError, "a message is marked as compressed, but no grpc-encoding was agreed on")
        }
        if decompressor == nil { decompressor = try GzipDecompressor() }
        guard let decompressor else { return message }
        var opened = RPCMessage(try decompressor.decompress(message.segments, limit: limit))
        opened.wasCompressed = true
        return opened
    }

    /// The segments to send, and whether they are compressed.
    mutating func compress(_ message: RPCMessage) throws(RPCError) -> ([ByteBuffer], Bool) {
        guard outbound == .gzip else { return (message.segments, false) }
        if compressor == nil { compressor = try GzipCompressor() }
        guard let compressor else { return (message.segments, false) }
        return ([try compressor.compress(message.segments)], true)
    }
}
