import DFSCore

/// What the store keeps of one file, open or sealed.
package struct FileRecord: Sendable, Equatable {
    package var header: FileHeader
    /// Where it stands, or is going to stand when it is complete.
    package var place: Place
    /// When the file was completed, in seconds since 1970; `nil` while it is open.
    package var sealedAt: UInt64?
    /// In the order of their indexes, which may have gaps while the file is open.
    package var chunks: [ChunkRecord]

    /// Whether the file is complete.
    package var isSealed: Bool { sealedAt != nil }

    /// The last chunk of a complete file, while it takes records or waits to be sealed.
    package var openChunk: ChunkRecord? { isSealed && chunks.last?.digest == nil ? chunks.last : nil }

    /// All others.
    package var settledChunks: ArraySlice<ChunkRecord> { openChunk == nil ? chunks[...] : chunks.dropLast() }

    package init(header: FileHeader, place: Place, sealedAt: UInt64?, chunks: [ChunkRecord]) {
        self.header = header
        self.place = place
        self.sealedAt = sealedAt
        self.chunks = chunks
    }
}

/// What is settled when an upload begins.
package struct FileHeader: Sendable, Equatable {
    package let id: FileID
    /// The path that the upload was begun under. Chunk ids are made of it, so it stays when the file is moved.
    package let name: FileName
    package let writer: Writer
    /// Copies of each chunk; this and ``attributes`` can be changed later.
    package var replication: Int
    /// Bytes in a chunk at most; only the last one, and what was appended, has fewer.
    package let chunkSize: UInt64
    /// Whether the complete file takes the place of one that stands there.
    package let replaces: Bool
    /// Seconds since 1970.
    package let createdAt: UInt64
    /// Its owner's notes.
    package var attributes: FileAttributes
    /// How long the upload is kept for a put that resumes it, whenever its connection is lost; 0 for other uploads, and for
    /// complete files.
    package var keepSeconds: UInt32

    package init(
        id: FileID, name: FileName, writer: Writer, replication: Int, chunkSize: UInt64, replaces: Bool = false,
        createdAt: UInt64 = 0, attributes: FileAttributes = FileAttributes(), keepSeconds: UInt32 = 0
    ) {
        self.id = id
        self.name = name
        self.writer = writer
        self.replication = replication
        self.chunkSize = chunkSize
        self.replaces = replaces
        self.createdAt = createdAt
        self.attributes = attributes
        self.keepSeconds = keepSeconds
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
    /// Only the versions of chunks that are appended to are raised.
    package static let firstVersion: UInt64 = 1
    /// A store that is restored from a backup raises the versions of its open chunks by so much: above all that its servers can
    /// have been told since the backup.
    package static let versionsOfOneLife: UInt64 = 1 << 32

    package let index: Int
    package var version: UInt64 = Self.firstVersion
    /// Known for every chunk of a sealed file, but for the last one while that is appended to.
    package var digest: Digest?
    /// Of a Go client's open file: where the chunk may be written to, in the order in which the client tries. Of a chunk that
    /// is appended to: its servers, the primary first; none while it waits for new ones. Of one that was: servers that
    /// may hold a beginning of it, and are to be told to delete that.
    package var assigned: [ServerAddress]
    /// Of a chunk that is appended to: servers of earlier versions, which are to be told of its end, too.
    package var former: [ServerAddress]

    package init(
        index: Int, version: UInt64 = Self.firstVersion, digest: Digest? = nil, assigned: [ServerAddress] = [],
        former: [ServerAddress] = []
    ) {
        self.index = index
        self.version = version
        self.digest = digest
        self.assigned = assigned
        self.former = former
    }
}

/// Remembers an abandoned upload or a deleted file, so that its chunks can be deleted wherever they turn up.
package struct Tombstone: Sendable, Equatable {
    package let file: FileID
    /// As in its ``FileHeader``.
    package let name: FileName
    /// Chunks `0 ..< chunkCount` may exist.
    package let chunkCount: Int
    /// Seconds since 1970; 0 where a master of an older version abandoned it.
    package let abandonedAt: UInt64

    package init(file: FileID, name: FileName, chunkCount: Int, abandonedAt: UInt64) {
        self.file = file
        self.name = name
        self.chunkCount = chunkCount
        self.abandonedAt = abandonedAt
    }
}

/// A time in which uploads were begun with this store: only ids of such times can be its own.
package struct UsePeriod: Sendable, Equatable {
    /// Seconds since 1970; names the period.
    package let beganAt: UInt64
    /// The last second in which an upload was begun.
    package var endedAt: UInt64

    package init(beganAt: UInt64, endedAt: UInt64) {
        self.beganAt = beganAt
        self.endedAt = endedAt
    }
}
