import DFSCore

/// An operator's wish to know how the replicas of files are: one page of it.
package struct CheckRequest: Sendable {
    /// A file or folder; `nil` is the root.
    package let path: FileName?
    /// The end of the page before; `nil` for the first page.
    package let after: CheckCursor?
    /// Whether each chunk is told of, too.
    package let withChunks: Bool

    package init(path: FileName?, after: CheckCursor? = nil, withChunks: Bool = false) {
        self.path = path
        self.after = after
        self.withChunks = withChunks
    }
}

/// How far a check has come.
package struct CheckCursor: Sendable, Equatable {
    /// The last name that was looked at, as the parts of its path below what is checked; what stood there may be gone
    /// meanwhile. Parts, since a path may be longer than any name when folders above it were moved.
    package let parts: [PathPart]
    /// How many chunks of the file there were looked at; 0: it is done.
    package let chunks: Int

    package init(parts: [PathPart], chunks: Int) {
        self.parts = parts
        self.chunks = chunks
    }
}

/// One page of a check.
package struct CheckPage: Sendable, Equatable {
    /// In the order of their paths' parts; a file of very many chunks comes in parts.
    package var files: [FileCheck] = []
    /// `nil` where nothing is left.
    package var end: CheckCursor?
    /// Servers that are well may still be unheard of.
    package var isStarting = false
}

/// A file, or some of its chunks, and how their replicas are.
package struct FileCheck: Sendable, Equatable {
    package let path: String
    /// Still being written, or waiting for proof; nothing is said of its chunks.
    package let isOpen: Bool
    /// Whether a chunk behind those that are told of takes records.
    package var isAppended = false
    /// Bytes.
    package let length: UInt64
    /// Copies wanted.
    package let replication: Int
    /// Of the whole file.
    package let chunkCount: Int
    /// The first of the chunks that the rest tells of.
    package let firstChunk: Int
    /// Chunks with all copies wanted.
    package var healthyChunks = 0
    /// Chunks with fewer.
    package var underReplicatedChunks = 0
    /// Chunks without any complete copy on a live server.
    package var missingChunks = 0
    /// Where they were asked for.
    package var chunks: [ChunkCheck] = []
}

/// A chunk and the live servers that hold it whole.
package struct ChunkCheck: Sendable, Equatable {
    package let id: ChunkID
    package let digest: Digest?
    package let servers: [ServerAddress]
}
