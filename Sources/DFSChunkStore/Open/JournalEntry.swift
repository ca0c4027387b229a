import DFSCore
import DFSFiles
import NIOCore

/// One entry of the journal behind the data of an open chunk's file; the byte table is in `docs/formats/open-chunk.md`.
///
/// Each entry tells all that was true when it was written, so the newest one that holds is enough.
struct JournalEntry: Equatable, Sendable {
    /// Bytes of an entry.
    static let byteCount = 64
    /// Entries after which a chunk counts as full: 16 MiB of journal.
    static let maxCount: Int64 = 1 << 18

    private static let magic: UInt64 = 0x4446_534F_5045_4E31  // "DFSOPEN1"
    private static let alignment: Int64 = 4096

    /// Counts the entries from 0.
    var slot: Int64
    /// Bytes that the chunk holds at most; 0 where nothing but fences has come for it.
    var chunkSize: Int64
    /// Bytes of the chunk.
    var end: Int64
    /// Under which they came; 0 where none has come.
    var version: UInt64
    /// From which version on something is taken.
    var fence: UInt64
    /// CRC-32C of the first ``end`` bytes.
    var crc32c: UInt32

    /// Where the journal of a chunk of this size begins in its file: behind the data, on a page of its own.
    static func start(chunkSize: Int64) -> Int64 { (chunkSize + alignment - 1) / alignment * alignment }

    /// Where the entry stands in the file.
    var position: Int64 { Self.start(chunkSize: chunkSize) + slot * Int64(Self.byteCount) }

    /// Its bytes.
    var encoded: ByteBuffer {
        var buffer = ByteBufferAllocator().buffer(capacity: Self.byteCount)
        buffer.writeInteger(Self.magic)
        buffer.writeInteger(slot)
        buffer.writeInteger(chunkSize)
        buffer.writeInteger(end)
        buffer.writeInteger(version)
        buffer.writeInteger(fence)
        buffer.writeInteger(crc32c)
        buffer.writeInteger(UInt64(0))
        buffer.writeInteger(Self.check(of: buffer))
        return buffer
    }

    /// The entry in the next 64 bytes of `buffer`; `nil` where they are none.
    ///
    /// - Parameter position: of these bytes in the file.
    init?(_ buffer: ByteBuffer, at position: Int64) {
        guard var bytes = buffer.getSlice(at: buffer.readerIndex, length: Self.byteCount),
            let body = bytes.getSlice(at: 0, length: Self.byteCount - 4),
            bytes.getInteger(at: Self.byteCount - 4) == Self.check(of: body),
            bytes.readInteger() == Self.magic,
            let slot = bytes.readInteger(as: Int64.self), let chunkSize = bytes.readInteger(as: Int64.self),
            let end = bytes.readInteger(as: Int64.self), let version = bytes.readInteger(as: UInt64.self),
            let fence = bytes.readInteger(as: UInt64.self), let crc32c = bytes.readInteger(as: UInt32.self),
            (0..<Self.maxCount * 2).contains(slot), (0...Self.maxChunkSize).contains(chunkSize),
            (0...chunkSize).contains(end)
        else { return nil }
        self.init(slot: slot, chunkSize: chunkSize, end: end, version: version, fence: fence, crc32c: crc32c)
        guard self.position == position else { return nil }
    }

    init(slot: Int64, chunkSize: Int64, end: Int64, version: UInt64, fence: UInt64, crc32c: UInt32) {
        self.slot = slot
        self.chunkSize = chunkSize
        self.end = end
        self.version = version
        self.fence = fence
        self.crc32c = crc32c
    }

    /// The largest chunk that can be open, in bytes.
    static let maxChunkSize: Int64 = 1 << 40

    private static func check(of body: ByteBuffer) -> UInt32 {
        var crc = CRC32C()
        crc.update(body)
        return crc.value
    }
}
