import CZlib
import NIOCore

/// The library's state for one direction, and the one place where buffers meet it.
final class ZlibStream {
    // The library keeps a pointer to this struct, so it must not move.
    private let stream: UnsafeMutablePointer<z_stream>
    private let end: (UnsafeMutablePointer<z_stream>) -> Void

    /// - Parameters:
    ///   - begin: the library's call that makes the state.
    ///   - end: the one that frees what `begin` made.
    init(
        begin: (UnsafeMutablePointer<z_stream>) -> Int32, end: @escaping (UnsafeMutablePointer<z_stream>) -> Void
    ) throws(GzipError) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        self.end = end
        guard begin(stream) == Z_OK else {
            stream.deallocate()
            throw .noMemory
        }
    }

    deinit {
        end(stream)
        stream.deallocate()
    }

    /// Calls the library without input or output.
    func call(_ body: (UnsafeMutablePointer<z_stream>) -> Int32) -> Int32 { body(stream) }

    /// What the library said last, in its words.
    var message: String { stream.pointee.msg.map { String(cString: $0) } ?? "unknown" }

    /// Lends the library the bytes of `input` behind `offset` and up to `room` bytes at the end of `output`, for one call.
    /// `offset` moves past what it took.
    func step(
        _ input: ByteBuffer, from offset: inout Int, into output: inout ByteBuffer, room: Int,
        _ body: (UnsafeMutablePointer<z_stream>) -> Int32
    ) -> Int32 {
        var left = 0
        let result = input.withUnsafeReadableBytes { bytes -> Int32 in
            let rest = UnsafeRawBufferPointer(rebasing: bytes.dropFirst(offset))
            // The library takes a mutable pointer that it only reads.
            let start = rest.baseAddress.map { UnsafeMutableRawPointer(mutating: $0) }
            stream.pointee.next_in = start?.assumingMemoryBound(to: UInt8.self)
            stream.pointee.avail_in = UInt32(rest.count)
            var result = Z_OK
            output.writeWithUnsafeMutableBytes(minimumWritableBytes: room) { space in
                let size = min(space.count, room)
                stream.pointee.next_out = space.baseAddress?.assumingMemoryBound(to: UInt8.self)
                stream.pointee.avail_out = UInt32(size)
                result = body(stream)
                return size - Int(stream.pointee.avail_out)
            }
            left = Int(stream.pointee.avail_in)
            return result
        }
        offset = input.readableBytes - left
        return result
    }
}
