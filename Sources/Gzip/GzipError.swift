/// Why a message could not be compressed or read.
package enum GzipError: Error, Equatable {
    /// No memory for the library's state.
    case noMemory
    /// The bytes are no gzip (RFC 1952), or end too early.
    case damaged
    /// The contents pass the limit that was given, in bytes.
    case tooLarge(limit: Int)
    /// The library failed for a reason of its own, in its words.
    case failed(String)
}
