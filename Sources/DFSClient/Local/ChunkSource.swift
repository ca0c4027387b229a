import DFSCore

/// What the chunks of a put are read from, more than once where a chunk must be sent anew.
protocol ChunkSource: Sendable {
    /// What errors call it.
    var path: String { get }

    /// The `count` bytes at `offset`, which are there. Blocks.
    func read(_ count: Int, at offset: Int) throws(DFSError) -> LocalSource.Piece

    /// Called when all was read. Blocks.
    ///
    /// - Throws: ``DFSError`` where others have changed it meanwhile.
    func checkUnchanged() throws(DFSError)
}

extension ChunkSource {
    /// Nobody else has it.
    func checkUnchanged() throws(DFSError) {}
}

extension LocalSource: ChunkSource {}
