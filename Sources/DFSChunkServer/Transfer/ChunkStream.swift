import DFSChunkStore
import NIOCore

/// Reads a range of a chunk in blocks, one block ahead of its consumer.
struct ChunkStream {
    /// Bytes of one read, and of data in one message to a Swift peer.
    static let blockSize = 1 << 20

    let reader: ChunkReader
    let threads: DiskThreads
    /// Bytes of the chunk, all inside it.
    let range: Range<Int64>

    /// Calls `body` with each block in order; while it runs, the next block is being read.
    func forEachBlock(_ body: (ByteBuffer) async throws -> Void) async throws {
        guard !range.isEmpty else { return }
        var block = try await read(at: range.lowerBound)
        var offset = range.lowerBound + Int64(block.readableBytes)
        while offset < range.upperBound {
            let position = offset
            async let ahead = read(at: position)
            try await body(block)
            block = try await ahead
            offset += Int64(block.readableBytes)
        }
        try await body(block)
    }

    private func read(at offset: Int64) async throws -> ByteBuffer {
        let count = Int(min(Int64(Self.blockSize), range.upperBound - offset))
        let reader = reader
        return try await threads.run { try reader.read(at: offset, count: count) }
    }
}
