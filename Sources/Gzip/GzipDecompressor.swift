import CZlib
import NIOCore

/// Reads compressed messages one by one. Holds about 40 KiB; used by one call.
package final class GzipDecompressor {
    /// Output grows by this at a time, so that a small message which claims nothing costs little.
    private static let step = 64 << 10

    private let stream: ZlibStream

    /// - Throws: ``GzipError/noMemory``.
    package init() throws(GzipError) {
        stream = try ZlibStream(begin: { dfs_gzip_inflate_init($0) }, end: { _ = inflateEnd($0) })
    }

    /// One message: one gzip file, or several in a row, which mean their contents in a row (RFC 1952 §2.2).
    ///
    /// - Throws: ``GzipError/tooLarge(limit:)`` once the output passes `limit` bytes, so that a small message cannot become
    ///   a huge one here; ``GzipError/damaged`` where the bytes are no gzip, or end too early.
    package func decompress(_ segments: [ByteBuffer], limit: Int) throws(GzipError) -> ByteBuffer {
        var output = ByteBuffer()
        var isBetweenFiles = false
        try reset()
        for segment in segments where segment.readableBytes > 0 {
            var offset = 0
            while offset < segment.readableBytes {
                if isBetweenFiles { try reset() }
                let result = inflate(segment, &offset, into: &output, limit: limit)
                isBetweenFiles = result == Z_STREAM_END
                guard result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR else { throw .damaged }
                guard output.readableBytes <= limit else { throw .tooLarge(limit: limit) }
            }
        }
        // What the library still holds back for lack of room.
        var offset = 0
        while !isBetweenFiles {
            let before = output.readableBytes
            let result = inflate(ByteBuffer(), &offset, into: &output, limit: limit)
            isBetweenFiles = result == Z_STREAM_END
            guard output.readableBytes <= limit else { throw .tooLarge(limit: limit) }
            guard isBetweenFiles || output.readableBytes > before else { throw .damaged }
        }
        return output
    }

    private func reset() throws(GzipError) {
        guard stream.call({ inflateReset($0) }) == Z_OK else { throw .damaged }
    }

    private func inflate(
        _ input: ByteBuffer, _ offset: inout Int, into output: inout ByteBuffer, limit: Int
    ) -> Int32 {
        // One byte beyond the limit tells that there is more.
        let room = max(1, min(Self.step, limit + 1 - output.readableBytes))
        return stream.step(input, from: &offset, into: &output, room: room) { CZlib.inflate($0, Z_NO_FLUSH) }
    }
}
