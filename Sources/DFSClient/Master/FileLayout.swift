import DFSCore

/// What the master knows of a file.
public struct FileLayout: Sendable, Equatable {
    /// The file's name in the cluster.
    public let name: String
    /// Bytes in the file; `nil` where nobody knows yet (a Go master, or a file that is being appended to).
    public let length: Int?
    /// Bytes in a chunk at most. All chunks but the last have as many, unless the file was appended to.
    public let chunkSize: Int
    /// In order of the file.
    public let chunks: [ChunkLocation]
    /// Its owner's notes; none under a Go master.
    public let attributes: FileAttributes
    /// Where each chunk begins in the file. A chunk of unknown length before the last one, as Go masters tell of, is full.
    let starts: [Int]

    init(name: String, length: Int?, chunkSize: Int, chunks: [ChunkLocation], attributes: FileAttributes) {
        self.name = name
        self.length = length
        self.chunkSize = chunkSize
        self.chunks = chunks
        self.attributes = attributes
        var starts: [Int] = []
        starts.reserveCapacity(chunks.count)
        var start = 0
        for chunk in chunks {
            starts.append(start)
            start += chunk.length ?? chunkSize
        }
        self.starts = starts
    }

    /// CRC-32C of the whole file, where length and checksum of every chunk are known.
    public var crc32c: UInt32? {
        var pieces = CRC32C.Pieces()
        for chunk in chunks {
            guard let length = chunk.length, let crc32c = chunk.crc32c else { return nil }
            pieces.append(crc32c, byteCount: UInt64(length))
        }
        return pieces.value
    }
}

extension FileLayout {
    /// The chunks that have something of `range`, and which of their bytes that is; a chunk that is wanted as a whole is
    /// wanted up to `Int.max`, since the last one may be of unknown length.
    func parts(_ range: Range<Int>) -> [(index: Int, wanted: Range<Int>)] {
        chunks.compactMap { chunk in
            let start = starts[chunk.index]
            let isLast = chunk.index == chunks.count - 1
            let place = start..<(isLast ? Int.max : starts[chunk.index + 1])
            let part = range.clamped(to: place)
            guard !part.isEmpty else { return nil }
            let first = part.lowerBound - start
            if let length = chunk.length, first > 0, first >= length { return nil }
            let end = part.upperBound - start
            let isToTheEnd = part.upperBound == place.upperBound || end >= chunk.length ?? .max
            return (chunk.index, first..<(isToTheEnd ? Int.max : end))
        }
    }
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
    /// Whether it takes records: the first of its servers tells how long it is by now.
    public var isOpen = false
}
