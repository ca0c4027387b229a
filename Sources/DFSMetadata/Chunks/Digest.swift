/// What tells two replicas of a chunk apart: its length and checksum.
package struct Digest: Hashable, Sendable {
    /// Bytes in the chunk.
    package let length: UInt64
    /// CRC-32C of the whole chunk.
    package let crc32c: UInt32

    package init(length: UInt64, crc32c: UInt32) {
        self.length = length
        self.crc32c = crc32c
    }
}
