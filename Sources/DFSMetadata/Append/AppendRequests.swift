import DFSCore

/// A writer's wish to know where its next record goes.
package struct AppendRequest: Sendable {
    package let name: FileName
    /// Drawn by the client, the same for all it does with one file; 1 to ``maxWriterByteCount`` bytes.
    package let writer: String
    /// Nobody else shall append while this writer lives.
    package let isExclusive: Bool
    /// A chunk that took a record no longer.
    package let failed: OpenVersion?
    /// Servers that the writer could not reach.
    package let excluded: [ServerAddress]

    package static let maxWriterByteCount = 64

    package init(
        name: FileName, writer: String, isExclusive: Bool = false, failed: OpenVersion? = nil,
        excluded: [ServerAddress] = []
    ) {
        self.name = name
        self.writer = writer
        self.isExclusive = isExclusive
        self.failed = failed
        self.excluded = excluded
    }
}

/// An open chunk as somebody knows it.
package struct OpenVersion: Sendable, Hashable {
    package let chunk: ChunkID
    package let version: UInt64

    package init(chunk: ChunkID, version: UInt64) {
        self.chunk = chunk
        self.version = version
    }
}

/// Where records go.
package struct AppendPlace: Sendable, Equatable {
    package let chunk: OpenVersion
    /// The primary first.
    package let servers: [ServerAddress]
    /// Bytes of the file before the chunk.
    package let start: UInt64
    /// Bytes that the chunk holds at most.
    package let chunkSize: UInt64
    /// Within this time the writer asks again, or others may take its place.
    package let claim: Duration
}

/// What a server that is the primary of open chunks asks and tells.
package struct LeaseRequest: Sendable {
    package let address: ServerAddress
    package let nodeID: String
    package let connection: ConnectionToken
    /// Chunks that it wants to be, or to stay, the primary of.
    package let held: [OpenVersion]
    /// Chunks that it gives up, each with the servers that failed it.
    package let ended: [(chunk: OpenVersion, failed: [ServerAddress])]

    package init(
        address: ServerAddress, nodeID: String, connection: ConnectionToken, held: [OpenVersion],
        ended: [(chunk: OpenVersion, failed: [ServerAddress])] = []
    ) {
        self.address = address
        self.nodeID = nodeID
        self.connection = connection
        self.held = held
        self.ended = ended
    }
}

/// The answer to a ``LeaseRequest``.
package struct LeaseAnswer: Sendable, Equatable {
    /// A chunk whose primary the server is until the lease ends.
    package struct Grant: Sendable, Equatable {
        package let chunk: OpenVersion
        /// The primary first.
        package let servers: [ServerAddress]
        /// Bytes.
        package let chunkSize: UInt64
    }

    package let lease: Duration
    package var granted: [Grant] = []
    package var refused: [ChunkID] = []
}
