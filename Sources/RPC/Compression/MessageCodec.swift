import NIOCore

/// The compression of one call, both ways. Its working memory is made when the first compressed message needs it.
final class MessageCodec {
    /// How the peer compresses what it marks as compressed.
    var inbound = MessageCompression.identity
    /// How we do.
    var outbound = MessageCompression.identity
    private var compressor: GzipCompressor?
    private var decompressor: GzipDecompressor?

    /// - Parameter limit: bytes of the message when decompressed.
    /// - Throws: ``RPCError`` `internalError` where no compression was agreed on; as
    ///   ``GzipDecompressor/decompress(_:limit:)``.
    func decompress(_ message: RPCMessage, limit: Int) throws(RPCError) -> RPCMessage {
        guard inbound == .gzip else {
            throw RPCError(.internalError, "a message is marked as compressed, but no grpc-encoding was agreed on")
        }
        if decompressor == nil { decompressor = try GzipDecompressor() }
        guard let decompressor else { return message }
        var opened = RPCMessage(try decompressor.decompress(message.segments, limit: limit))
        opened.wasCompressed = true
        return opened
    }

    /// The message compressed; `nil` where it is to be sent as it is.
    func compress(_ message: RPCMessage) throws(RPCError) -> ByteBuffer? {
        guard outbound == .gzip else { return nil }
        if compressor == nil { compressor = try GzipCompressor() }
        return try compressor?.compress(message.segments)
    }
}
