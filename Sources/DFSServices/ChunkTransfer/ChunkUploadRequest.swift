import DFSCore
import RPC

/// What the sender of a chunk knows of it before it sends.
package struct ChunkUploadRequest: Sendable {
    package var chunkID: ChunkID
    /// In bytes. A Swift server refuses a stream of another length.
    package var length: Int?
    /// Of the whole chunk. A Swift server refuses a stream with another checksum.
    package var crc32c: UInt32?
    /// The servers that shall hold the chunk, the one that takes the upload first; empty for that one alone. A Swift
    /// server forwards the chunk to the others, a Go server does not.
    package var chain: [ServerAddress]

    package init(chunkID: ChunkID, length: Int? = nil, crc32c: UInt32? = nil, chain: [ServerAddress] = []) {
        self.chunkID = chunkID
        self.length = length
        self.crc32c = crc32c
        self.chain = chain
    }

    /// - Parameter settings: how long the sender is going to wait.
    func metadata(_ settings: TransferSettings) -> Metadata {
        var metadata = Metadata()
        if !chain.isEmpty {
            metadata.add(CallMetadata.chain, addresses: chain)
            metadata.add(CallMetadata.stallLimit, number: settings.stallLimit.milliseconds)
            metadata.add(CallMetadata.floor, number: settings.floor)
            metadata.add(CallMetadata.answerLimit, number: settings.acknowledgementLimit.milliseconds)
        }
        if let length { metadata.add(CallMetadata.length, number: length) }
        if let crc32c { metadata.add(CallMetadata.crc32c, number: crc32c) }
        return metadata
    }
}
