import DFSCore

/// What the master knows of a file.
public struct FileLayout: Sendable, Equatable {
    /// The file's name in the cluster.
    public let name: String
    /// Bytes in the file; `nil` where nobody knows yet (a Go master, or a file of a Go client that nobody has read).
    public let length: Int?
    /// Bytes in each chunk but the last.
    public let chunkSize: Int
    /// In order of the file.
    public let chunks: [ChunkLocation]
}

/// One chunk of a file and who holds it.
public struct ChunkLocation: Sendable, Equatable {
    /// The chunk's id.
    public let id: String
    /// The chunk's place in the file, from 0.
    public let index: Int
    /// Bytes in the chunk, where known.
    public let length: Int?
    /// CRC-32C of the chunk, where known.
    public let crc32c: UInt32?
    /// Addresses of the servers that hold it, best first.
    public let servers: [String]
}
