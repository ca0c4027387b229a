import DFSCore
import DFSFiles
import NIOCore

/// What comes from a stream, kept a few chunks at a time in a scratch file, so that a chunk whose length only its end tells
/// can be announced, and be sent again where a server fails.
///
/// The scratch file has a few slots of a chunk's size each, used again and again, and no name: it is gone with the process.
final class SpooledSource: ChunkSource {
    private let stream: DescriptorStream
    private let file: any OpenFile
    private let chunkSize: Int
    private let bufferSize: Int

    var path: String { stream.name }

    /// Makes the scratch file. Blocks.
    init(_ stream: DescriptorStream, chunkSize: Int, _ context: ClientContext) throws(DFSError) {
        self.stream = stream
        self.chunkSize = chunkSize
        bufferSize = context.bufferSize
        let name = "\(context.configuration.temporaryFolder)/.dfs-put-\(hex(UInt64.random(in: 0 ... .max), digits: 16))"
        do {
            file = try context.files.open(name, .scratch)
        } catch {
            throw Self.explained(error)
        }
    }

    /// Reads the next chunk into `slot`, which nobody reads any more. Blocks until the chunk is full or the stream ends.
    ///
    /// - Returns: its bytes; fewer than a chunk's only at the stream's end.
    func fill(_ slot: Int) throws(DFSError) -> Int {
        var count = 0
        while count < chunkSize {
            let wanted = min(bufferSize, chunkSize - count)
            let piece = try stream.read(upTo: wanted)
            if piece.readableBytes > 0 {
                do {
                    try file.write([piece], at: Int64(slot * chunkSize + count))
                } catch {
                    throw Self.explained(error)
                }
                count += piece.readableBytes
            }
            if piece.readableBytes < wanted { break }
        }
        return count
    }

    func read(_ count: Int, at offset: Int) throws(DFSError) -> LocalSource.Piece {
        let data = try file.read(upTo: count, at: Int64(offset))
        guard data.readableBytes == count else {
            throw DFSError(.internal, "the scratch file of \(path) has only \(data.readableBytes) of \(count) bytes")
        }
        var crc = CRC32C()
        crc.update(data)
        return LocalSource.Piece(data: data, crc32c: crc.value)
    }

    /// Ends a ``fill(_:)`` under way.
    func stop() { stream.stop() }

    /// A folder that is not there is no missing file of the cluster.
    private static func explained(_ error: DFSError) -> DFSError {
        DFSError(.failedPrecondition, "\(error.message); TMPDIR says where a few chunks are kept while they are sent")
    }
}
