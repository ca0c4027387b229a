import DFSChunkStore
import NIOCore

/// Reads a range of a chunk in pieces, one piece ahead of its consumer.
struct ChunkStream {
    /// Bytes of one read, and of data in one message to a Swift peer. Reads end at multiples of it, so that they are of
    /// whole blocks.
    static let blockSize = 1 << 20

    let reader: ChunkReader
    let threads: DiskThreads
    /// Bytes of the chunk, all inside it.
    let range: Range<Int64>
    /// Whether to compare all bytes with their checksums.
    let isComparing: Bool

    /// Calls `body` with each piece in order; while it runs, the next piece is being read.
    ///
    /// - Parameter onFailure: called with what a read throws.
    func forEachBlock(
        onFailure: @escaping @Sendable (any Error) -> Void, _ body: (CheckedBytes) async throws -> Void
    ) async throws {
        guard !range.isEmpty else { return }
        var piece = try await read(at: range.lowerBound, onFailure)
        var offset = range.lowerBound + Int64(piece.bytes.readableBytes)
        while offset < range.upperBound {
            let position = offset
            async let ahead = read(at: position, onFailure)
            try await body(piece)
            piece = try await ahead
            offset += Int64(piece.bytes.readableBytes)
        }
        try await body(piece)
    }

    private func read(
        at offset: Int64, _ onFailure: @escaping @Sendable (any Error) -> Void
    ) async throws -> CheckedBytes {
        let size = Int64(Self.blockSize)
        let count = Int(min(size - offset % size, range.upperBound - offset))
        let (reader, isComparing) = (reader, isComparing)
        do {
            return try await threads.run { try reader.read(at: offset, count: count, comparing: isComparing) }
        } catch {
            onFailure(error)
            throw error
        }
    }
}
