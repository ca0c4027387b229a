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
    private let file: any OpenFile

    /// Opens a regular file.
    static func open(_ path: String, _ context: ClientContext) async throws -> LocalSource {
        try await context.onFileThread {
            let file = try context.files.open(path, .reading)
            return LocalSource(path: path, size: Int(try file.size()), file: file)
        }
    }

    /// The `count` bytes at `offset`, which lie within ``size``. Blocks.
    func read(_ count: Int, at offset: Int) throws(DFSError) -> Piece {
        let data = try file.read(upTo: count, at: Int64(offset))
        guard data.readableBytes == count else {
            throw DFSError(.failedPrecondition, "\(path) became shorter while it was read; put it again")
        }
        var crc = CRC32C()
        crc.update(data)
        return Piece(data: data, crc32c: crc.value)
    }
}
