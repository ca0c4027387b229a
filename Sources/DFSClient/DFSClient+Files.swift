import DFSCore

// Files, folders and the trash, by their paths.
extension DFSClient {
    /// Says what the cluster knows of a file: its chunks, their lengths and checksums, and who holds them.
    public func stat(_ name: String) async throws -> FileLayout {
        try await master.open(name)
    }

    /// Says what stands at a path: a complete file or a folder.
    ///
    /// - Parameter path: here and below, parts joined by `/`; a `/` before or behind them changes nothing, and alone it is
    ///   the root. A Go master has no folders: it answers all but ``put(_:as:options:onProgress:)``,
    ///   ``get(_:into:options:onProgress:)`` and ``stat(_:)`` with an error of code `unimplemented`.
    /// - Throws: ``DFSError`` of code `notFound`.
    public func status(of path: String) async throws -> FileStatus {
        try await master.status(of: path)
    }

    /// The entries of a folder in the order of their names' bytes.
    public func list(_ folder: String) -> Listing<FileStatus> {
        master.list(folder)
    }

    /// Calls `visit` with each path that a pattern stands for, one after the other, in the order of the names' bytes.
    ///
    /// In each part of the path `*` is any text, `?` one character, `[abc]`, `[a-z]` and `[!abc]` one character of a set or
    /// of all others; a backslash takes the next character as it is. A path that exists as it is written stands for itself,
    /// and so does one without any of these characters, for which nobody is asked.
    ///
    /// - Parameter visit: may remove what it is given. The status is `nil` where it was not looked up.
    /// - Throws: ``DFSError`` of code `notFound` where nothing matches; what `visit` throws.
    public func forEachMatch(
        of pattern: String, _ visit: @escaping (String, FileStatus?) async throws -> Void
    ) async throws {
        var expansion = PatternExpansion(client: self, visit: visit)
        try await expansion.run(pattern)
    }

    /// Makes a folder and those above it; one that exists is as good. Durable when it returns.
    ///
    /// - Throws: ``DFSError`` of code `failedPrecondition` or `alreadyExists` where a file is in the way.
    public func makeFolder(_ path: String) async throws {
        try await master.makeFolder(path)
    }

    /// Gives a file, or a folder with all that is in it, another path: at once or not at all, and durable when it returns.
    ///
    /// - Parameter replacing: whether a file at `target` goes to the trash.
    /// - Throws: ``DFSError`` of code `notFound`, `alreadyExists` where `target` is taken, `invalidArgument` where it lies
    ///   in `source`.
    public func rename(_ source: String, to target: String, replacing: Bool = false) async throws {
        try await master.rename(source, to: target, replacing: replacing)
    }

    /// Moves a file or folder to the trash, where it stays for the time that the master is set to. Durable when it returns.
    ///
    /// - Parameter recursively: whether a folder goes with all that is in it; otherwise it must be empty.
    /// - Throws: ``DFSError`` of code `notFound`, or `failedPrecondition` for a folder that is not empty.
    public func remove(_ path: String, recursively: Bool = false) async throws {
        try await master.remove(path, recursively: recursively)
    }

    /// Changes the number of copies of a file; the master makes or removes copies afterwards.
    ///
    /// - Throws: ``DFSError`` of code `notFound`, `invalidArgument`, or `failedPrecondition` for a folder.
    public func setReplication(_ copies: Int, of path: String) async throws {
        try await master.setReplication(copies, of: path)
    }

    /// Changes the attributes of a complete file, all at once. Durable when it returns.
    ///
    /// They stay with the file wherever it is moved, and in the trash; a file that replaces another brings its own.
    ///
    /// - Parameters:
    ///   - attributes: added, or put in the place of those that there are.
    ///   - names: of others, which need not be there.
    /// - Throws: ``DFSError`` of code `notFound`; `failedPrecondition` for a folder, or where the file would have too many or
    ///   too long ones; `unimplemented` under a Go master.
    public func setAttributes(
        _ attributes: FileAttributes, removing names: [String] = [], of path: String
    ) async throws {
        try await master.setAttributes(attributes, removing: names, of: path)
    }

    /// What was removed or replaced, in the order of removal.
    public func trash() -> Listing<TrashEntry> {
        master.trash()
    }

    /// Brings back what was removed. Durable when it returns.
    ///
    /// - Parameters:
    ///   - id: from ``trash()``.
    ///   - target: where to; `nil` for where it was.
    /// - Throws: ``DFSError`` of code `notFound` where the trash has it no more, `alreadyExists` where the path is taken.
    public func restore(_ id: String, to target: String? = nil) async throws {
        try await master.restore(id, to: target)
    }

    /// Begins to delete for good: one removal, or all that the trash holds now. That cannot be undone by this client;
    /// the chunk servers keep deleted chunks aside for a while, for operators.
    public func emptyTrash(_ id: String? = nil) async throws {
        try await master.emptyTrash(id)
    }
}
