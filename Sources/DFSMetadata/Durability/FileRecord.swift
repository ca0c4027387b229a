import DFSCore

/// What the store keeps of one file, open or sealed.
package struct FileRecord: Sendable, Equatable {
    package let header: FileHeader
    /// Whether the file is complete and visible.
    package var isSealed: Bool
    /// In the order of their indexes, which may have gaps while the file is open.
    package var chunks: [ChunkRecord]

    package init(header: FileHeader, isSealed: Bool, chunks: [ChunkRecord]) {
        self.header = header
        self.isSealed = isSealed
        self.chunks = chunks
    }
}

/// What is fixed when an upload begins.
package struct FileHeader: Sendable, Equatable {
    package let id: FileID
    package let name: FileName
    package let writer: Writer
    /// Copies of each chunk.
    package let replication: Int
    /// Bytes in every chunk but the last.
    package let chunkSize: UInt64

    package init(id: FileID, name: FileName, writer: Writer, replication: Int, chunkSize: UInt64) {
        self.id = id
        self.name = name
        self.writer = writer
        self.replication = replication
        self.chunkSize = chunkSize
    }

    /// The id of the chunk at `index`.
    package func chunkID(at index: Int) -> ChunkID { name.chunkID(fileID: id.rawValue, index: index) }
}

/// Which protocol a file is written by.
package enum Writer: Int, Sendable, Hashable {
    /// Names its upload and says when it is done.
    case swift = 0
    /// Only allocates chunks; its connection stands for the upload, and the connection's end for its end.
    case go = 1
}

/// What the store keeps of one chunk. Where the replicas of a complete file are is never stored: servers tell it.
package struct ChunkRecord: Sendable, Equatable {
    /// Every chunk has this version until chunks can be changed.
    package static let firstVersion: UInt64 = 1

    package let index: Int
    package var version: UInt64 = Self.firstVersion
    /// Known for every chunk of a sealed file.
    package var digest: Digest?
    /// Of a Go client's open file: where the chunk may be written to, in the order in which the client tries.
    package var assigned: [ServerAddress]

    package init(
        index: Int, version: UInt64 = Self.firstVersion, digest: Digest? = nil, assigned: [ServerAddress] = []
    ) {
        self.index = index
        self.version = version
        self.digest = digest
        self.assigned = assigned
    }
}

/// Remembers an abandoned upload, so that its chunks can be deleted wherever they turn up.
package struct Tombstone: Sendable, Equatable {
    package let file: FileID
    package let name: FileName
    /// Chunks `0 ..< chunkCount` may exist.
    package let chunkCount: Int

    package init(file: FileID, name: FileName, chunkCount: Int) {
        self.file = file
        self.name = name
        self.chunkCount = chunkCount
    }
}
