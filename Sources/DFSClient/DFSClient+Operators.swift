import DFSCore

// What operators ask of a cluster.
extension DFSClient {
    /// The chunk servers that the master has heard of since it started, in the order they came.
    ///
    /// Iterating throws ``DFSError`` of code `unimplemented` under a Go master.
    public func servers() -> Listing<ServerStatus> {
        master.servers()
    }

    /// How lost copies are made again.
    ///
    /// - Throws: ``DFSError`` of code `unimplemented` under a Go master.
    public func repair() async throws -> RepairStatus {
        try await master.repair()
    }

    /// Changes how much may be copied at one time to restore lost copies, until the master ends.
    ///
    /// - Returns: how the repair goes with that.
    /// - Throws: ``DFSError`` of code `invalidArgument` for a number that cannot be, `unimplemented` under a Go master.
    @discardableResult
    public func changeRepair(_ change: RepairChange) async throws -> RepairStatus {
        try await master.changeRepair(change)
    }

    /// Checks whether files have all their copies: a file, or all files in a folder and below it, those that are still being
    /// written too, in the order of their paths' parts.
    ///
    /// The master does a bounded amount of work at a time, as the result is asked for, so that others are not held up.
    /// Iterating throws ``DFSError`` of code `notFound`, and `unimplemented` under a Go master.
    ///
    /// - Parameters:
    ///   - path: `/` is the root.
    ///   - withChunks: whether ``CheckedFile/chunks`` is filled.
    public func checkFiles(_ path: String, withChunks: Bool = false) -> FileChecks {
        master.checkFiles(path, withChunks: withChunks)
    }
}
