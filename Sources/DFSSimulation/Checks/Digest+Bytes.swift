import DFSChunkStore
import DFSCore
import DFSMetadata

extension Digest {
    /// Of these bytes.
    init(of bytes: [UInt8]) { self.init(length: UInt64(bytes.count), crc32c: CRC32C.of(bytes)) }

    init(_ digest: ContentDigest) { self.init(length: UInt64(digest.length), crc32c: digest.crc32c) }
}
