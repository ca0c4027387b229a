import CZlib
import NIOCore

/// Reads compressed messages one by one. Holds about 40 KiB; used by one call.
package final class GzipDecompressor {
    /// Output grows by this at a time, so that a small message which claims nothing costs little.
    private static let step = 64 << 10

    // The library keeps a pointer to this struct, so it must not move.
    private let stream: UnsafeMutablePointer<z_stream>

    /// - Throws: ``RPCError`` `resourceExhausted` when memory is short.
    package init() throws(RPCError) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        guard dfs_gzip_inflate_init(stream) == Z_OK else {
            stream.deallocate()
            throw RPCError(.resourceExhausted, "no memory to decompress messages")
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    /// One message: one gzip file, or several in a row, which mean their contents in a row (RFC 1952 §2.2).
    ///
    /// - Throws: ``RPCError``: `resourceExhausted` once the output passes `limit` bytes, so that a small message cannot
    ///   become a huge one here; `internalError` where the bytes are no gzip, or end too early.
    package func decompress(_ segments: [ByteBuffer], limit: Int) throws(RPCError) -> ByteBuffer {
        var output = ByteBuffer()
        var isBetweenFiles = false
        guard inflateReset(stream) == Z_OK else { throw damaged() }
        for segment in segments where segment.readableBytes > 0 {
            var offset = 0
            while offset < segment.readableBytes {
                if isBetweenFiles, inflateReset(stream) != Z_OK { throw damaged() }
                let result = inflateStep(segment, &offset, into: &output, limit: limit)
                isBetweenFiles = result == Z_STREAM_END
                guard result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR else { throw damaged() }
                try check(output, limit)
            }
        }
        // What the library still holds back for lack of room.
        var offset = 0
        while !isBetweenFiles {
            let before = output.readableBytes
            let result = inflateStep(ByteBuffer(), &offset, into: &output, limit: limit)
            isBetweenFiles = result == Z_STREAM_END
            try check(output, limit)
            guard isBetweenFiles || output.readableBytes > before else { throw damaged() }
        }
        return output
    }

    private func check(_ output: ByteBuffer, _ limit: Int) throws(RPCError) {
        guard output.readableBytes <= limit else {
            throw RPCError(
                .resourceExhausted, "a compressed message is above this receiver's limit of \(limit) bytes when read")
        }
    }

    private func inflateStep(
        _ input: ByteBuffer, _ offset: inout Int, into output: inout ByteBuffer, limit: Int
    ) -> Int32 {
        var consumed = 0
        let result = input.withUnsafeReadableBytes { bytes -> Int32 in
            let rest = UnsafeRawBufferPointer(rebasing: bytes.dropFirst(offset))
            let start = rest.baseAddress.map { UnsafeMutableRawPointer(mutating: $0) }
            stream.pointee.next_in = start?.assumingMemoryBound(to: UInt8.self)
            stream.pointee.avail_in = UInt32(rest.count)
            var result = Z_OK
            // One byte beyond the limit tells that there is more.
            let room = min(Self.step, limit + 1 - output.readableBytes)
            output.writeWithUnsafeMutableBytes(minimumWritableBytes: max(1, room)) { space in
                let size = min(space.count, max(1, room))
                stream.pointee.next_out = space.baseAddress?.assumingMemoryBound(to: UInt8.self)
                stream.pointee.avail_out = UInt32(size)
                result = inflate(stream, Z_NO_FLUSH)
                return size - Int(stream.pointee.avail_out)
            }
            consumed = rest.count - Int(stream.pointee.avail_in)
            return result
        }
        offset += consumed
        return result
    }

    private func damaged() -> RPCError { RPCError(.internalError, "a compressed message is no whole gzip") }
}
