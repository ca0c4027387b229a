/// What a Swift server tells of a chunk before it sends it.
package struct StoredChunk: Sendable, Equatable {
    /// In bytes, of the whole chunk.
    package let length: Int
    /// Of the whole chunk; `nil` while the server has not read it yet.
    package let crc32c: UInt32?

    package init(length: Int, crc32c: UInt32?) {
        self.length = length
        self.crc32c = crc32c
    }
}
