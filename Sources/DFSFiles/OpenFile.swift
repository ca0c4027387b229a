import DFSCore
import NIOCore

/// An open file; closed when its last reference is gone. Positions are explicit, so calls on several threads do not
/// disturb each other. All calls block.
package protocol OpenFile: AnyObject, Sendable {
    /// Bytes in the file now.
    func size() throws(DFSError) -> Int64

    /// Bytes in the file now, and when its content was changed last, in nanoseconds by the file system's clock, whose ticks may
    /// be milliseconds long: both of one moment.
    func sizeAndTime() throws(DFSError) -> (size: Int64, modifiedAt: Int64)

    /// Appends up to `count` bytes from `offset` on to `buffer`; fewer only at the end of the file.
    ///
    /// - Returns: bytes read; 0 at or after the end.
    @discardableResult
    func read(upTo count: Int, at offset: Int64, into buffer: inout ByteBuffer) throws(DFSError) -> Int

    /// Writes the readable bytes of `segments`, one after the other, from `offset` on: all of them, or it throws and an
    /// unknown part is written. The bytes go from the buffers to the kernel without a copy between.
    func write(_ segments: [ByteBuffer], at offset: Int64) throws(DFSError)

    /// From now on blocks go to the disk past the page cache.
    ///
    /// - Returns: false where this file system knows no such writes; nothing has changed then.
    func beginDirectWrites() -> Bool

    /// From now on ``read(into:at:)`` takes bytes from the disk past the page cache, and leaves that as it is.
    ///
    /// - Returns: false where this file system knows no such reads; nothing has changed then.
    func beginDirectReads() -> Bool

    /// Asks the kernel to forget what it has of the file in memory, so that what is read next comes from the disk. A hint.
    func forgetCached()

    /// Fills `block`, in place of what it held, with the bytes from `offset` on, a multiple of ``BlockBuffer/alignment``: as
    /// many as fit, fewer only at the end of the file.
    func read(into block: BlockBuffer, at offset: Int64) throws(DFSError)

    /// Sets room for `length` bytes aside, in one piece as far as the disk has one. The file's size stays as it is.
    ///
    /// - Returns: false where the file system cannot do that.
    /// - Throws: code ``DFSError/Code/resourceExhausted`` when there is no room; the call may be repeated.
    func setAside(_ length: Int64) throws(DFSError) -> Bool

    /// Writes what `block` holds at `offset`, a multiple of ``BlockBuffer/alignment``: all of it, or it throws and an
    /// unknown part is written. After ``beginDirectWrites()`` the bytes go past the page cache, but for those
    /// behind the last multiple of the alignment, so a block that has such bytes must be the last. Durable only after
    /// ``sync()``.
    func write(_ block: BlockBuffer, at offset: Int64) throws(DFSError)

    /// Asks the kernel to begin writing this range to the disk, so that a later ``sync()`` is short. A hint: it promises
    /// and reports nothing.
    func startWriteback(at offset: Int64, count: Int64)

    /// Returns when content, size and attributes are durable. The file's name is durable only once its folder was synced.
    func sync() throws(DFSError)

    /// Returns when the content is durable, and what is needed to read it; cheaper than ``sync()`` where only content
    /// has changed.
    func syncData() throws(DFSError)

    /// Cuts or lengthens the file to `length` bytes. Durable after ``sync()``.
    func truncate(to length: Int64) throws(DFSError)

    /// Keeps `text` beside the file under a name of the form `user.…`.
    ///
    /// - Returns: false where the file system cannot do that.
    func setAttribute(_ name: String, to text: String) throws(DFSError) -> Bool

    /// What ``setAttribute(_:to:)`` kept; `nil` where there is none, or the file system has no attributes.
    func attribute(_ name: String) throws(DFSError) -> String?
}

extension OpenFile {
    /// Appends up to `count` bytes from `offset` on to a fresh buffer of exactly that room.
    package func read(upTo count: Int, at offset: Int64) throws(DFSError) -> ByteBuffer {
        var buffer = ByteBufferAllocator().buffer(capacity: count)
        try read(upTo: count, at: offset, into: &buffer)
        return buffer
    }
}
