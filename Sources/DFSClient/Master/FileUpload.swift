import DFSCore

/// A file being written: what the master gave for it.
struct FileUpload: Sendable {
    let name: FileName
    /// `nil` under a Go master, which knows no uploads.
    let id: String?
    /// Bytes in each chunk but the last.
    let chunkSize: Int
    /// Copies of each chunk; 0 where the master does not tell.
    var replication = 0

    /// The most chunks of a file: as many as the messages about a file hold (DFSWire's limits).
    static let maxChunkCount = 200_000

    /// Checks a chunk size that came from a master: it is multiplied by indexes, so it must not be absurd.
    static func checked(chunkSize: UInt64, from master: String) throws(DFSError) -> Int {
        guard (1...(1 << 40)).contains(chunkSize) else {
            throw DFSError(.dataLoss, "\(master) gave the chunk size \(chunkSize)")
        }
        return Int(chunkSize)
    }
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
