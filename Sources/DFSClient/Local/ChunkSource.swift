import DFSCore

/// What the chunks of a put are read from, more than once where a chunk must be sent anew.
protocol ChunkSource: Sendable {
    /// What errors call it.
    var path: String { get }

    /// The `count` bytes at `offset`, which are there. Blocks.
    func read(_ count: Int, at offset: Int) throws(DFSError) -> LocalSource.Piece
}

extension LocalSource: ChunkSource {}
