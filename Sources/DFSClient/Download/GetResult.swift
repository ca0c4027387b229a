import DFSCore

/// What a get has written.
public struct GetResult: Sendable, Equatable {
    /// The file's name in the cluster.
    public let name: String
    /// The local file.
    public let path: String
    /// Bytes in the file.
    public let length: Int
    /// In order of the file.
    public let chunks: [GetChunk]

    /// CRC-32C of the whole file as it was written.
    public var crc32c: UInt32 {
        var pieces = CRC32C.Pieces()
        for chunk in chunks { pieces.append(chunk.crc32c, byteCount: UInt64(chunk.length)) }
        return pieces.value
    }
}

/// One chunk of a get, and how much is known of it.
public struct GetChunk: Sendable, Equatable {
    /// The chunk's id.
    public let id: String
    /// Bytes in the chunk.
    public let length: Int
    /// CRC-32C of the chunk as it was written.
    public let crc32c: UInt32
    /// Whether length and checksum were compared with what the cluster knows. Where only Go nodes hold a chunk, nobody
    /// knows them.
    public let isVerified: Bool
}
