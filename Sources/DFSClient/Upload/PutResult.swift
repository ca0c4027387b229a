import DFSCore

/// What a put has stored.
public struct PutResult: Sendable, Equatable {
    /// The file's name in the cluster.
    public let name: String
    /// Bytes in the file.
    public let length: Int
    /// In order of the file.
    public let chunks: [PutChunk]
    /// The id of the cluster that has it; empty under a Go master.
    public let clusterID: String
    /// When the put had ended, in seconds since 1970.
    public let storedAt: Int
    /// Of ``chunks``, those that an earlier put had stored, and of which this one sent nothing.
    public internal(set) var resumedChunkCount = 0
    /// The bytes in them.
    public internal(set) var resumedLength = 0

    /// What to keep so that all of this can be proven later.
    public var receipt: Receipt { Receipt(self) }

    /// CRC-32C of the whole file as it was stored.
    public var crc32c: UInt32 {
        var pieces = CRC32C.Pieces()
        for chunk in chunks { pieces.append(chunk.crc32c, byteCount: UInt64(chunk.length)) }
        return pieces.value
    }
}

/// One chunk of a put, and what its servers acknowledged.
public struct PutChunk: Sendable, Equatable {
    /// The chunk's id.
    public let id: String
    /// Bytes in the chunk.
    public let length: Int
    /// CRC-32C of the chunk.
    public let crc32c: UInt32
    /// Addresses of Swift servers: the chunk is on disk, checked against length and checksum, and the master knows.
    public let durableOn: [String]
    /// Addresses of Go servers: they have synced what they wrote, and checked nothing.
    public let syncedUnverifiedOn: [String]
}

extension PutChunk {
    init(_ chunk: WrittenChunk) {
        self.init(
            id: chunk.chunkID.text, length: chunk.length, crc32c: chunk.crc32c,
            durableOn: chunk.durable.map(\.description), syncedUnverifiedOn: chunk.unverified.map(\.description))
    }
}
