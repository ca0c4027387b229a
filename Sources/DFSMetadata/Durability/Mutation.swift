import DFSCore

/// One durable change of the metadata. The store applies mutations in order; recovery reads what they left.
package enum Mutation: Sendable, Equatable {
    // Files.
    /// An upload begins at a place, which no other upload has.
    case begin(FileHeader, at: Place)
    /// The open file has a chunk at `index`, whose id follows from the header. For a Go client's file, `servers` are those
    /// it may be written to: one that is away after a restart may hold the only copy.
    case allocate(FileID, index: Int, servers: [ServerAddress])
    /// The file is complete, at a time in seconds since 1970; one digest for each chunk, in index order.
    case seal(FileID, digests: [Digest], at: UInt64)
    /// The file and its chunks are gone; the tombstone stays if it counts any chunk.
    case abandon(Tombstone)
    /// The tombstone of this file is gone.
    case forgetTombstone(FileID)
    /// Uploads are begun in this period, which is new or longer than before.
    case use(UsePeriod)
    /// The file shall have this number of copies.
    case setReplication(FileID, Int)
    /// The file has these attributes and no others.
    case setAttributes(FileID, FileAttributes)

    // Appending. The file is complete, and the chunk stands behind all others.
    /// The chunk takes records on these servers, the primary first, in this version; without any it waits for new ones. `former`
    /// are those of earlier versions, which keep a fence, or a beginning that nobody knows of, until they are told to delete it.
    case openChunk(FileID, index: Int, version: UInt64, servers: [ServerAddress], former: [ServerAddress])
    /// Nothing is to be taken for a lower version any more.
    case raiseVersion(FileID, index: Int, version: UInt64)
    /// The chunk is one like all others, at a time in seconds since 1970.
    case sealChunk(FileID, index: Int, version: UInt64, digest: Digest, at: UInt64)
    /// These servers may hold a beginning of the sealed chunk that is to be deleted; none is all are told.
    case noteStale(FileID, index: Int, servers: [ServerAddress])

    // Servers.
    /// What an operator wants of a server.
    case setServer(ServerRecord)

    // Folders.
    case makeFolder(FolderRecord)
    /// The node stands somewhere else.
    case move(NodeID, to: Place)
    /// The folder, which is empty, is gone.
    case removeFolder(FolderID)

    // Trash.
    /// The node stands in the trash, under the record's id.
    case trash(TrashRecord)
    /// The node of this record is being deleted for good.
    case purge(PathPart)
    /// All that was removed up to this record is to be deleted for good.
    case purgeThrough(PathPart)
    /// The record is gone: its node was moved out of the trash, or is gone too.
    case forgetTrash(PathPart)

    /// The request was carried out, by the other changes of the same batch.
    case remember(RequestRecord)
    /// The oldest requests, so many, are forgotten.
    case forgetRequests(Int)
}
