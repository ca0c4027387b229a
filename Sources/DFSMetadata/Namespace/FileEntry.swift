import DFSCore

/// One file, from its first chunk on.
///
/// States and moves: `writing` -> `sealed` when a Swift client completes it; `writing` -> `settling` -> `sealed` for a Go
/// client, which never says that it is done; out of both open states the file can be abandoned, and is then gone.
struct FileEntry: Sendable {
    enum Phase: Sendable, Equatable {
        /// A writer is at work, or may come back before its lease ends.
        case writing(Lease)
        /// The Go client is done; its chunks are waiting for proof that they are whole.
        case settling(since: MonotonicInstant)
        /// Complete, durable, visible.
        case sealed
    }

    var header: FileHeader
    /// Where it stands, or is going to stand when it is complete.
    var place: Place
    /// The id that the client gave its request to create it.
    var request = ""
    /// Seconds since 1970; 0 while it is open.
    var sealedAt: UInt64 = 0
    /// Bytes; known when it is complete.
    var length: UInt64 = 0
    /// Read from the store at start.
    let isRecovered: Bool
    var phase: Phase
    /// By index, with gaps while a writer allocates out of order.
    var chunks: [ChunkHandle?] = []
    /// Chunks whose digest is known.
    var provenCount = 0

    var isSealed: Bool { phase == .sealed }

    var facts: FileFacts {
        FileFacts(
            phase: phase, writer: header.writer, replication: header.replication, chunkSize: header.chunkSize,
            chunkCount: chunks.count, keepSeconds: header.keepSeconds)
    }

    /// Every index up to the last is allocated and proven.
    var isProven: Bool { !chunks.isEmpty && provenCount == chunks.count }

    /// The chunk at `index`, if it was allocated.
    func chunk(at index: Int) -> ChunkHandle? {
        chunks.indices.contains(index) ? chunks[index] : nil
    }

    mutating func place(_ chunk: ChunkHandle, at index: Int) {
        while chunks.count <= index { chunks.append(nil) }
        chunks[index] = chunk
    }
}

/// What most decisions need to know of a file.
struct FileFacts: Sendable {
    let phase: FileEntry.Phase
    let writer: Writer
    /// Copies of each chunk.
    let replication: Int
    /// Bytes in a chunk at most.
    let chunkSize: UInt64
    let chunkCount: Int
    /// As in ``FileHeader``.
    var keepSeconds: UInt32 = 0

    var isSealed: Bool { phase == .sealed }
}

/// Who may write a file, and until when.
struct Lease: Sendable, Equatable {
    /// The connection that the writer was last seen on, while it lasts.
    var connection: ConnectionToken?
    /// When the lease ends unless the writer comes back; set while there is no connection.
    var expires: MonotonicInstant?

    static func held(over connection: ConnectionToken) -> Lease { Lease(connection: connection, expires: nil) }

    static func detached(until expiry: MonotonicInstant) -> Lease { Lease(connection: nil, expires: expiry) }
}
