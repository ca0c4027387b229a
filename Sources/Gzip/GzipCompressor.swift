import CZlib
import NIOCore

/// Compresses messages one by one, each a gzip file of its own (RFC 1952). Holds about 256 KiB; used by one call.
package final class GzipCompressor {
    private let stream: ZlibStream

    /// - Throws: ``GzipError/noMemory``.
    package init() throws(GzipError) {
        stream = try ZlibStream(begin: { dfs_gzip_deflate_init($0) }, end: { _ = deflateEnd($0) })
    }

    /// One gzip file with the bytes of `segments`.
    ///
    /// - Throws: ``GzipError/failed(_:)``.
    package func compress(_ segments: [ByteBuffer]) throws(GzipError) -> ByteBuffer {
        guard stream.call({ deflateReset($0) }) == Z_OK else { throw .failed(stream.message) }
        let byteCount = segments.reduce(0) { $0 + $1.readableBytes }
        var bound = 0
        _ = stream.call { state in
            bound = Int(deflateBound(state, uLong(byteCount)))
            return Z_OK
        }
        var output = ByteBufferAllocator().buffer(capacity: bound)
        for segment in segments { try deflate(segment, Z_NO_FLUSH, into: &output) }
        try deflate(ByteBuffer(), Z_FINISH, into: &output)
        return output
    }

    /// Takes all of `input`; the bound above makes room for all there can be.
    private func deflate(_ input: ByteBuffer, _ flush: Int32, into output: inout ByteBuffer) throws(GzipError) {
        var taken = 0
        let result = stream.step(input, from: &taken, into: &output, room: output.writableBytes) {
            CZlib.deflate($0, flush)
        }
        let isDone = flush == Z_FINISH ? result == Z_STREAM_END : taken == input.readableBytes
        guard isDone else { throw .failed(stream.message) }
    }
}
