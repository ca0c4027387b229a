import Glibc
import NIOCore

/// Memory that a disk can take data from, or put it into, without the page cache between: it begins at a multiple of
/// ``alignment``.
///
/// Filled from its start, written by ``OpenFile/write(_:at:)-(BlockBuffer,_)``, emptied, filled again; or filled by
/// ``OpenFile/read(into:at:)``.
// Unchecked: the memory is this object's alone, and it is one user's at a time; ChunkWriter and ChunkScan keep it under
// their locks.
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

    /// Takes what the file of a test holds, in place of what it held; as much as fits.
    package func replace(by bytes: ByteBuffer) {
        clear()
        var bytes = bytes
        take(from: &bytes)
    }

    /// Has `body` put bytes behind those that it holds, any number up to the room left, until it says that there are no
    /// more.
    ///
    /// - Parameter body: says how many bytes it has put; 0 for no more.
    func fill<Failure: Error>(
        _ body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Int
    ) throws(Failure) {
        while !isFull {
            let room = UnsafeMutableRawBufferPointer(start: memory + count, count: Self.capacity - count)
            let got = try body(room)
            if got == 0 { return }
            count += got
        }
    }

    /// A copy of the bytes that it holds.
    package var contents: ByteBuffer { withBytes { ByteBuffer(bytes: $0) } }

    /// The bytes that it holds, valid only during the call.
    func withBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeRawBufferPointer(start: memory, count: count))
    }
}
