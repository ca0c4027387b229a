import CZlib
import NIOCore

/// Compresses messages one by one, each a gzip file of its own (RFC 1952). Holds about 256 KiB; used by one call.
package final class GzipCompressor {
    // The library keeps a pointer to this struct, so it must not move.
    private let stream: UnsafeMutablePointer<z_stream>

    /// - Throws: ``RPCError`` `resourceExhausted` when memory is short.
    package init() throws(RPCError) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        guard dfs_gzip_deflate_init(stream) == Z_OK else {
            stream.deallocate()
            throw RPCError(.resourceExhausted, "no memory to compress messages")
        }
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
    }

    package func compress(_ segments: [ByteBuffer]) throws(RPCError) -> ByteBuffer {
        guard deflateReset(stream) == Z_OK else { throw Self.fault(stream) }
        let byteCount = segments.reduce(0) { $0 + $1.readableBytes }
        var output = ByteBufferAllocator().buffer(capacity: Int(deflateBound(stream, uLong(byteCount))))
        for segment in segments { try deflate(segment, Z_NO_FLUSH, into: &output) }
        try deflate(ByteBuffer(), Z_FINISH, into: &output)
        return output
    }

    /// Takes all of `input`; the bound above makes room for all there can be.
    private func deflate(_ input: ByteBuffer, _ flush: Int32, into output: inout ByteBuffer) throws(RPCError) {
        let result = input.withUnsafeReadableBytes { bytes -> Int32 in
            // The library takes a mutable pointer that it only reads.
            let start = bytes.baseAddress.map { UnsafeMutableRawPointer(mutating: $0) }
            stream.pointee.next_in = start?.assumingMemoryBound(to: UInt8.self)
            stream.pointee.avail_in = UInt32(bytes.count)
            var result = Z_OK
            output.writeWithUnsafeMutableBytes(minimumWritableBytes: 0) { room in
                stream.pointee.next_out = room.baseAddress?.assumingMemoryBound(to: UInt8.self)
                stream.pointee.avail_out = UInt32(room.count)
                result = CZlib.deflate(stream, flush)
                return room.count - Int(stream.pointee.avail_out)
            }
            return result
        }
        let isDone = flush == Z_FINISH ? result == Z_STREAM_END : stream.pointee.avail_in == 0
        guard isDone else { throw Self.fault(stream) }
    }

    private static func fault(_ stream: UnsafeMutablePointer<z_stream>) -> RPCError {
        let reason = stream.pointee.msg.map { String(cString: $0) } ?? "unknown"
        return RPCError(.internalError, "cannot compress a message: \(reason)")
    }
}
