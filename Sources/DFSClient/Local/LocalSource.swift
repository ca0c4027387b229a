import DFSCore
import DFSFiles
import NIOCore

/// The local file of a put: read in pieces, more than once where a chunk must be sent anew.
struct LocalSource: Sendable {
    /// One piece, with the CRC-32C of its bytes.
    struct Piece: Sendable {
        let data: ByteBuffer
        let crc32c: UInt32
    }

    let path: String
    let size: Int
    private let modifiedAt: Int64
    private let file: any OpenFile

    /// Opens a regular file.
    static func open(_ path: String, _ context: ClientContext) async throws -> LocalSource {
        try await context.onFileThread {
            let file = try context.files.open(path, .reading)
            let (size, modifiedAt) = try file.sizeAndTime()
            return LocalSource(path: path, size: Int(size), modifiedAt: modifiedAt, file: file)
        }
    }

    /// The `count` bytes at `offset`, which lie within ``size``. Blocks.
    func read(_ count: Int, at offset: Int) throws(DFSError) -> Piece {
        let data = try file.read(upTo: count, at: Int64(offset))
        guard data.readableBytes == count else {
            throw DFSError(
                .failedPrecondition,
                "\(path) became shorter while it was read; try again. If its size is never that of its bytes, as in /sys, give it as "
                    + "standard input: -")
        }
        var crc = CRC32C()
        crc.update(data)
        return Piece(data: data, crc32c: crc.value)
    }

    /// Called when all was read. Blocks.
    ///
    /// - Throws: ``DFSError`` of code `failedPrecondition` where the file is not what it was when it was opened, or has more bytes
    ///   than its size says. A change within a tick of the file system's clock, right after it was opened, is not seen.
    func checkUnchanged() throws(DFSError) {
        guard try file.read(upTo: 1, at: Int64(size)).readableBytes == 0 else {
            let remedy =
                size == 0
                ? "has bytes, though its size is 0, as files in /proc do; give it as standard input: -"
                : "became longer while it was read; try again when nobody writes to it"
            throw DFSError(.failedPrecondition, "\(path) \(remedy)")
        }
        guard try file.sizeAndTime() == (Int64(size), modifiedAt) else {
            throw DFSError(
                .failedPrecondition, "\(path) was changed while it was read; try again when nobody writes to it")
        }
    }
}
