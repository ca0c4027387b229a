import DFSCore
import RPC

/// The call metadata that Swift nodes put beside the frozen messages. A Go node ignores all of it.
package enum CallMetadata {
    /// AllocateChunk: the upload that the chunk belongs to, from Create.
    package static let upload = "dfs-upload"
    /// AllocateChunk: comma-separated addresses of servers that failed and shall not be named again.
    package static let exclude = "dfs-exclude"
    /// AllocateChunk and Open: where the client stands in the network, such as `/dc1/rack7/host3`.
    package static let location = "dfs-location"
    /// UploadChunk: the length of the whole chunk; a stream that ends with another length is refused.
    /// DownloadChunk: how many bytes are wanted; echoed in the initial metadata by a server that heeds it.
    package static let length = "dfs-length"
    /// UploadChunk: CRC-32C of the whole chunk, decimal; a mismatch is refused.
    package static let crc32c = "dfs-crc32c"
    /// UploadChunk: comma-separated addresses of the servers that shall hold the chunk, the receiver first; it forwards the
    /// chunk to the others.
    package static let chain = "dfs-chain"
    /// UploadChunk with a chain: milliseconds for which the sender waits while the receiver takes nothing.
    package static let stallLimit = "dfs-stall-ms"
    /// UploadChunk with a chain: bytes a second that the receiver must take over that time, while the sender waits for it; 0
    /// for any. The receiver asks more of the next one.
    package static let floor = "dfs-floor"
    /// UploadChunk with a chain: milliseconds for which the sender waits for the answer behind the last byte.
    package static let answerLimit = "dfs-answer-ms"
    /// UploadChunk, trailers, by a server that heeds the chain: comma-separated addresses of its Swift servers that hold
    /// the chunk durably, the receiver among them.
    package static let durable = "dfs-durable"
    /// The same of Go servers, which have synced what they were sent and checked nothing.
    package static let synced = "dfs-synced"
    /// The same of servers that could not be brought to hold it. Of those in none of the three nothing is known.
    package static let failed = "dfs-failed"
    /// Those of the failed ones that took too little, and the bytes that they took in a second: `address=number`, comma-separated.
    package static let slow = "dfs-slow"
    /// DownloadChunk: the first byte wanted; echoed in the initial metadata by a server that heeds it.
    package static let offset = "dfs-offset"
    /// DownloadChunk, initial metadata: the length of the whole stored chunk.
    package static let chunkLength = "dfs-chunk-length"
    /// DownloadChunk, initial metadata: CRC-32C of the whole stored chunk, decimal.
    package static let chunkCRC32C = "dfs-chunk-crc32c"
    /// DownloadChunk, initial metadata, `1`: the chunk is open, and its length what all its servers have on disk by now.
    package static let open = "dfs-open"
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

extension Metadata {
    /// Adds comma-separated addresses; nothing where there are none.
    package mutating func add(_ name: String, addresses: [ServerAddress]) {
        if !addresses.isEmpty { add(name, addresses.map(\.description).joined(separator: ",")) }
    }

    /// The addresses in all values of that name, in order.
    ///
    /// - Throws: ``DFSError`` of code ``DFSError/Code/invalidArgument`` for a text that is no address.
    package func addresses(_ name: String) throws(DFSError) -> [ServerAddress] {
        var addresses: [ServerAddress] = []
        for value in all(name) {
            for text in value.split(separator: ",") {
                addresses.append(try ServerAddress(String(text.drop { $0 == " " })))
            }
        }
        return addresses
    }
}
