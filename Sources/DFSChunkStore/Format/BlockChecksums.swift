import DFSCore

/// The checksums of a chunk's blocks. Together they give the chunk's digest, so they can be proven, and made again.
package struct BlockChecksums: Sendable, Equatable {
    /// Bytes in each block of a longer chunk but the last.
    package static let usualBlockSize = 1 << 16
    /// A chunk of up to this many bytes is one block: it is read at once anyway, and its digest is all its checksums.
    package static let wholeBlockSize = 1 << 20

    /// Bytes in the chunk.
    package let length: Int64
    /// CRC-32C of each block, in order; none of an empty chunk.
    package let values: [UInt32]

    /// - Precondition: there are as many values as a chunk of that length has blocks.
    package init(length: Int64, values: [UInt32]) {
        precondition(values.count == Self.count(for: length), "\(values.count) checksums for \(length) bytes")
        self.length = length
        self.values = values
    }

    /// Of a chunk that is one block, or none.
    ///
    /// - Returns: `nil` for a longer chunk, which has more to it than its digest.
    package init?(_ digest: ContentDigest) {
        guard digest.length <= Self.wholeBlockSize else { return nil }
        length = digest.length
        values = digest.length == 0 ? [] : [digest.crc32c]
    }

    /// How many blocks a chunk of `length` bytes has.
    static func count(for length: Int64) -> Int {
        if length <= wholeBlockSize { return length == 0 ? 0 : 1 }
        return Int((length - 1) / Int64(usualBlockSize)) + 1
    }

    /// Bytes in each block but the last.
    package var blockSize: Int64 { Int64(length <= Self.wholeBlockSize ? Self.wholeBlockSize : Self.usualBlockSize) }

    /// Which bytes of the chunk are in a block.
    package func bytes(of block: Int) -> Range<Int64> {
        let start = Int64(block) * blockSize
        return start..<min(length, start + blockSize)
    }

    /// Of the whole chunk.
    package var digest: ContentDigest {
        var sum = CRC32C.Pieces()
        for (block, value) in values.enumerated() { sum.append(value, byteCount: UInt64(bytes(of: block).count)) }
        return ContentDigest(length: length, crc32c: sum.value)
    }

    /// The blocks that differ from those of `other`, where both are of chunks of one length; otherwise none can be named.
    package func blocks(unlike other: BlockChecksums) -> [Int] {
        guard length == other.length else { return [] }
        return values.indices.filter { values[$0] != other.values[$0] }
    }
}
