import DFSCore

/// A file being written: what the master gave for it.
struct FileUpload: Sendable {
    let name: FileName
    /// `nil` under a Go master, which knows no uploads.
    let id: String?
    /// Bytes in each chunk but the last.
    let chunkSize: Int
}

/// Where a chunk shall go.
struct ChunkAllocation: Sendable, Equatable {
    let chunkID: ChunkID
    let servers: [ServerAddress]
}

/// A chunk that its servers have acknowledged.
struct WrittenChunk: Sendable {
    let chunkID: ChunkID
    let length: Int
    let crc32c: UInt32
    /// Addresses as the master gave them.
    let durable: [ServerAddress]
    let unverified: [ServerAddress]

    var servers: [ServerAddress] { durable + unverified }
}
