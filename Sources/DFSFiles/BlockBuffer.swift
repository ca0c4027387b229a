import Glibc
import NIOCore

/// Memory that a disk can take data from without the page cache between: it begins at a multiple of ``alignment``.
///
/// Filled from its start, written by ``OpenFile/write(_:at:)-(BlockBuffer,_)``, emptied, filled again.
// Unchecked: the memory is this object's alone, and it is one writer's at a time; ChunkWriter keeps it under its lock.
package final class BlockBuffer: @unchecked Sendable {
    /// What offset, length and memory address of a write past the page cache are multiples of. No disk in use asks for
    /// more; one that did would refuse the first write, which then goes through the page cache.
    package static let alignment = 4096
    /// Bytes that fit.
    package static let capacity = 1 << 20

    private let memory: UnsafeMutableRawPointer
    /// Bytes that it holds.
    package private(set) var count = 0

    package init() {
        memory = UnsafeMutableRawPointer.allocate(byteCount: Self.capacity, alignment: Self.alignment)
    }

    deinit { memory.deallocate() }

    /// Nothing more fits.
    package var isFull: Bool { count == Self.capacity }

    /// Moves the next bytes of `segment` here, as many as fit. The one copy of a chunk's data in a process.
    package func take(from segment: inout ByteBuffer) {
        let taken = min(segment.readableBytes, Self.capacity - count)
        segment.readWithUnsafeReadableBytes { bytes in
            memory.advanced(by: count).copyMemory(from: bytes.baseAddress ?? UnsafeRawPointer(memory), byteCount: taken)
            return taken
        }
        count += taken
    }

    /// Forgets what it holds.
    package func clear() { count = 0 }

    /// A copy of the bytes that it holds.
    package var contents: ByteBuffer { withBytes { ByteBuffer(bytes: $0) } }

    /// The bytes that it holds, valid only during the call.
    func withBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeRawBufferPointer(start: memory, count: count))
    }
}
