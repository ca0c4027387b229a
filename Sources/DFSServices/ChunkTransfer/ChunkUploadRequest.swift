import DFSCore
import RPC

/// What the sender of a chunk knows of it before it sends.
package struct ChunkUploadRequest: Sendable {
    package var chunkID: ChunkID
    /// In bytes. A Swift server refuses a stream of another length.
    package var length: Int?
    /// Of the whole chunk. A Swift server refuses a stream with another checksum.
    package var crc32c: UInt32?

    package init(chunkID: ChunkID, length: Int? = nil, crc32c: UInt32? = nil) {
        self.chunkID = chunkID
        self.length = length
        self.crc32c = crc32c
    }

    var metadata: Metadata {
        var metadata = Metadata()
        if let length { metadata.add(CallMetadata.length, number: length) }
        if let crc32c { metadata.add(CallMetadata.crc32c, number: crc32c) }
        return metadata
    }
}
