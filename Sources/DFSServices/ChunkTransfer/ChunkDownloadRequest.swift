import DFSCore
import RPC

/// Which bytes of which chunk.
package struct ChunkDownloadRequest: Sendable {
    package var chunkID: ChunkID
    /// The first byte wanted.
    package var offset: Int
    /// How many bytes are wanted; `nil` means up to the end of the chunk, wherever that is.
    package var length: Int?

    package init(chunkID: ChunkID, offset: Int = 0, length: Int? = nil) {
        self.chunkID = chunkID
        self.offset = offset
        self.length = length
    }

    var metadata: Metadata {
        var metadata = Metadata()
        metadata.add(CallMetadata.offset, number: offset)
        if let length { metadata.add(CallMetadata.length, number: length) }
        return metadata
    }
}
