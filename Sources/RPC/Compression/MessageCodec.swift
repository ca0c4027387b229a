import Gzip
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
    /// - Throws: ``RPCError``: `internalError` where no compression was agreed on, or the bytes are no whole gzip;
    ///   `resourceExhausted` once the message passes `limit`, or where memory is short.
    func decompress(_ message: RPCMessage, limit: Int) throws(RPCError) -> RPCMessage {
        guard inbound == .gzip else {
            throw RPCError(.internalError, "a message is marked as compressed, but no grpc-encoding was agreed on")
        }
        do throws(GzipError) {
            var opened = RPCMessage(try decompressorMade().decompress(message.segments, limit: limit))
            opened.wasCompressed = true
            return opened
        } catch {
            throw RPCError(error)
        }
    }

    /// The message compressed; `nil` where it is to be sent as it is.
    func compress(_ message: RPCMessage) throws(RPCError) -> ByteBuffer? {
        guard outbound == .gzip else { return nil }
        do throws(GzipError) {
            return try compressorMade().compress(message.segments)
        } catch {
            throw RPCError(error)
        }
    }

    private func decompressorMade() throws(GzipError) -> GzipDecompressor {
        if let decompressor { return decompressor }
        let made = try GzipDecompressor()
        decompressor = made
        return made
    }

    private func compressorMade() throws(GzipError) -> GzipCompressor {
        if let compressor { return compressor }
        let made = try GzipCompressor()
        compressor = made
        return made
    }
}

extension RPCError {
    fileprivate init(_ error: GzipError) {
        switch error {
        case .noMemory: self.init(.resourceExhausted, "no memory to compress or decompress messages")
        case .damaged: self.init(.internalError, "a compressed message is no whole gzip")
        case .tooLarge(let limit):
            self.init(
                .resourceExhausted, "a compressed message is above this receiver's limit of \(limit) bytes when read")
        case .failed(let reason): self.init(.internalError, "cannot compress a message: \(reason)")
        }
    }
}
