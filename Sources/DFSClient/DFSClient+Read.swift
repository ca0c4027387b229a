// Files, and parts of them, that go to a descriptor or into memory.
extension DFSClient {
    /// Writes the bytes of a file to an open descriptor: a pipe, a terminal or a file, from where that stands.
    ///
    /// Bytes come in order and are checked before they are written; a replica that fails is replaced by another one at the
    /// byte reached. Memory is bounded however slow the descriptor is, and a descriptor that takes nothing ends nothing.
    ///
    /// - Parameters:
    ///   - descriptor: stays the caller's; nobody else writes to it meanwhile.
    ///   - streamName: what errors call it.
    /// - Throws: ``DFSError``; part of the file may have been written then. Code `cancelled` where the reader of a pipe has
    ///   gone away.
    @discardableResult
    public func read(
        _ name: String, to descriptor: Int32, named streamName: String = "the output"
    ) async throws -> GetResult {
        try await downloader.read(name, to: descriptor, named: streamName)
    }

    /// Writes a part of a file to an open descriptor, as ``read(_:to:named:)`` writes all of it.
    ///
    /// Only what is wanted comes over the network from our servers, with the checksums that it has had since it was written. Where
    /// a Go server holds a chunk, all of it is read and compared first.
    ///
    /// - Parameter range: bytes of the file, from 0; what lies behind its end is left out.
    /// - Returns: when all that the file has of `range` is written.
    /// - Throws: as ``read(_:to:named:)``.
    @discardableResult
    public func read(
        _ name: String, range: Range<Int>, to descriptor: Int32, named streamName: String = "the output"
    ) async throws -> GetResult {
        try await downloader.read(name, range: range, to: descriptor, named: streamName)
    }

    /// Reads a part of a file into memory, at most 256 MiB.
    ///
    /// - Parameter range: bytes of the file, from 0; what lies behind its end is left out.
    /// - Throws: ``DFSError``; of code `invalidArgument` where that is too much.
    public func read(_ name: String, range: Range<Int>) async throws -> [UInt8] {
        try await downloader.read(name, range: range)
    }
}
