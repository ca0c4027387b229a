import DFSCore
import RPC

/// The call metadata that Swift nodes put beside the frozen messages. A Go node ignores all of it.
package enum CallMetadata {
    /// AllocateChunk: the upload that the chunk belongs to, from Create.
    package static let upload = "dfs-upload"
    /// AllocateChunk: comma-separated addresses of servers that failed and shall not be named again.
    package static let exclude = "dfs-exclude"
    /// UploadChunk: the length of the whole chunk; a stream that ends with another length is refused.
    /// DownloadChunk: how many bytes are wanted; echoed in the initial metadata by a server that heeds it.
    package static let length = "dfs-length"
    /// UploadChunk: CRC-32C of the whole chunk, decimal; a mismatch is refused.
    package static let crc32c = "dfs-crc32c"
    /// DownloadChunk: the first byte wanted; echoed in the initial metadata by a server that heeds it.
    package static let offset = "dfs-offset"
    /// DownloadChunk, initial metadata: the length of the whole stored chunk.
    package static let chunkLength = "dfs-chunk-length"
    /// DownloadChunk, initial metadata: CRC-32C of the whole stored chunk, decimal.
    package static let chunkCRC32C = "dfs-chunk-crc32c"
}

extension Metadata {
    /// Adds a number in decimal.
    package mutating func add(_ name: String, number: some BinaryInteger) {
        add(name, String(number))
    }

    /// A decimal number that fits `Number`.
    ///
    /// - Returns: `nil` where there is no value of that name.
    /// - Throws: ``DFSError`` of code ``DFSError/Code/invalidArgument`` where there is one that is no such number.
    package func number<Number: FixedWidthInteger>(_ name: String, as type: Number.Type = Number.self) throws(DFSError)
        -> Number?
    {
        guard let text = first(name) else { return nil }
        guard let number = Number(text), number >= 0 else {
            throw DFSError(.invalidArgument, "metadata \(name) is \(quoted(text)), not a number in range")
        }
        return number
    }
}
