import DFSCore

/// One durable change of the metadata. The store applies mutations in order; recovery reads what they left.
package enum Mutation: Sendable, Equatable {
    /// An upload begins; the name is taken from now on.
    case begin(FileHeader)
    /// The open file has a chunk at `index`, whose id follows from the header. For a Go client's file, `servers` are those
    /// it may be written to: one that is away after a restart may hold the only copy.
    case allocate(FileID, index: Int, servers: [ServerAddress])
    /// The file is complete; one digest for each chunk, in index order.
    case seal(FileID, digests: [Digest])
    /// The open file and its chunks are gone, the name is free; the tombstone stays if it counts any chunk.
    case abandon(Tombstone)
}
