import DFSCore
import DFSFiles
import Logging
import NIOCore
import NIOPosix
import RPC

/// A client of one cluster: puts files into it, gets them back, and says where they are.
///
/// It works with Swift and Go nodes in any mix. One instance serves any number of transfers at once; end it with
/// ``close()``. All operations throw ``DFSError``.
///
/// ```swift
/// let client = try DFSClient(master: "localhost:8000")
/// try await client.put("video.mp4", as: "videos/holiday.mp4")
/// try await client.get("videos/holiday.mp4", into: "downloads")
/// await client.close()
/// ```
public final class DFSClient: Sendable {
    /// The cluster's metadata.
    public let master: MasterClient
    /// Sends files into the cluster.
    public let uploader: Uploader
    /// Brings files back.
    public let downloader: Downloader
    let context: ClientContext

    /// Makes a client; connects to nothing yet.
    ///
    /// - Parameters:
    ///   - master: the master's address, `host:port`; without a host it is this machine.
    ///   - configuration: limits and waiting times.
    ///   - logger: told of replicas that failed and were replaced, at level warning, and of details at debug.
    /// - Throws: ``DFSError`` of code `invalidArgument` where `master` is no address or ``ClientConfiguration/location`` none, `failedPrecondition` where a file of
    ///   ``ClientConfiguration/tls`` cannot be used.
    public convenience init(
        master: String, configuration: ClientConfiguration = ClientConfiguration(),
        logger: Logger = Logger(label: "dfs-client")
    ) throws {
        try self.init(
            master: ServerAddress(master), configuration: configuration,
            location: configuration.location.map { text throws(DFSError) in try NetworkLocation(text) },
            tls: configuration.tls.map { try ClientTLS($0, logger: logger) }, files: PosixFileSystem(), logger: logger)
    }

    /// - Parameters:
    ///   - location: made from ``ClientConfiguration/location``.
    ///   - tls: made from ``ClientConfiguration/tls``.
    ///   - files: the local files.
    package init(
        master: ServerAddress, configuration: ClientConfiguration, location: NetworkLocation? = nil,
        tls: ClientTLS? = nil, files: any FileSystem, logger: Logger
    ) {
        context = ClientContext(
            master: master, configuration: configuration, location: location, tls: tls, files: files,
            logger: logger)
        self.master = MasterClient(context: context)
        uploader = Uploader(master: self.master, context: context)
        downloader = Downloader(master: self.master, context: context)
    }

    /// Puts a local file into the cluster under a new name.
    ///
    /// - Parameters:
    ///   - path: a regular file, which must not change meanwhile.
    ///   - name: parts joined by `/`; any UTF-8 up to 4,096 bytes, without `.` and `..` parts.
    ///   - options: how many replicas are asked for and waited for.
    ///   - onProgress: called as bytes leave, from any thread, one call at a time.
    /// - Returns: when every replica that was waited for holds the data on disk and the master has made the file visible.
    /// - Throws: ``DFSError``; then the name is free again, except under a Go master, which has no way to give it back.
    @discardableResult
    public func put(
        _ path: String, as name: String, options: PutOptions = PutOptions(), onProgress: ProgressHandler? = nil
    ) async throws -> PutResult {
        try await uploader.put(path, as: name, options: options, onProgress: onProgress)
    }

    /// Puts what can be read from an open descriptor, such as a pipe, until its end.
    ///
    /// The chunks that are being sent wait in ``ClientConfiguration/temporaryFolder``; memory is bounded as in a put of a
    /// file, and a writer that lets wait ends nothing.
    ///
    /// - Parameters:
    ///   - descriptor: stays the caller's; nobody else reads from it meanwhile.
    ///   - streamName: what errors call it.
    /// - Returns: as ``put(_:as:options:onProgress:)``, which also says the rest.
    @discardableResult
    public func put(
        from descriptor: Int32, named streamName: String = "the input", as name: String,
        options: PutOptions = PutOptions(), onProgress: ProgressHandler? = nil
    ) async throws -> PutResult {
        try await uploader.put(
            from: descriptor, named: streamName, as: name, options: options, onProgress: onProgress)
    }

    /// Puts all that is in a local folder into a folder of the cluster, which is made where missing; empty folders come too.
    ///
    /// A few files move at once. Whatever fails, the rest goes on. Symbolic links are skipped, and so is what is neither a
    /// file nor a folder.
    ///
    /// - Parameters:
    ///   - folder: may itself be named by a symbolic link.
    ///   - path: `/` is the root of the cluster.
    ///   - options: of each put.
    ///   - onEvent: told of each file.
    /// - Returns: what came of it. Nothing was missed only if ``TreeResult/failureCount`` is 0.
    /// - Throws: ``DFSError`` where `folder` is no folder or `path` no path, and when it is cancelled.
    public func putTree(
        _ folder: String, as path: String, options: PutOptions = PutOptions(), onEvent: TreeHandler = { _ in }
    ) async throws -> TreeResult {
        try await uploader.putTree(folder, as: path, options: options, onEvent: onEvent)
    }

    /// Gets a folder with all that is in it as `<folder>/<path>`: each file stands where ``get(_:into:onProgress:)`` would
    /// put it, and empty folders come too.
    ///
    /// A few files move at once. Whatever fails, the rest goes on. Nothing outside of `folder` is written, whatever names
    /// the master tells: a symbolic link where a folder is to be is an error.
    ///
    /// - Parameters:
    ///   - path: a folder or a file; `/` is all of the cluster.
    ///   - folder: made where missing.
    ///   - onEvent: told of each file.
    /// - Returns: what came of it, when all of that is on disk under its names. Nothing was missed only if
    ///   ``TreeResult/failureCount`` is 0.
    /// - Throws: ``DFSError`` of code `notFound`, and when it is cancelled, or a folder cannot be synced.
    public func getTree(
        _ path: String, into folder: String, onEvent: TreeHandler = { _ in }
    ) async throws -> TreeResult {
        try await downloader.getTree(path, into: folder, onEvent: onEvent)
    }

    /// Gets a file from the cluster as `<folder>/<name>`, replacing a file that is there.
    ///
    /// - Parameters:
    ///   - name: as it was put; parts before the last become folders.
    ///   - folder: made where missing.
    ///   - resuming: whether the get goes on with what an earlier such get of the same file has left in the folder, and leaves
    ///     what it has itself when it fails or is killed: a file whose name begins with `.dfs-get-` and ends in `.partial`.
    ///     Chunks that match the checksums that the master tells are not fetched again; what is left of a file that was
    ///     replaced in the cluster is removed.
    ///   - onProgress: called as bytes arrive, from any thread, one call at a time.
    /// - Returns: when the file is whole, verified and on disk under its name.
    /// - Throws: ``DFSError``; then nothing is left behind, unless `resuming`, and a file that was there before is as it was.
    @discardableResult
    public func get(
        _ name: String, into folder: String, resuming: Bool = false, onProgress: ProgressHandler? = nil
    ) async throws -> GetResult {
        try await downloader.get(name, into: folder, resuming: resuming, onProgress: onProgress)
    }

    /// Says what the cluster knows of a file: its chunks, their lengths and checksums, and who holds them.
    public func stat(_ name: String) async throws -> FileLayout {
        try await master.open(name)
    }

    /// Says what stands at a path: a complete file or a folder.
    ///
    /// - Parameter path: here and below, parts joined by `/`; a `/` before or behind them changes nothing, and alone it is
    ///   the root. A Go master has no folders: it answers all but ``put(_:as:options:onProgress:)``,
    ///   ``get(_:into:onProgress:)`` and ``stat(_:)`` with an error of code `unimplemented`.
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

    /// Reads a chunk from one server, and keeps none of it.
    func measure(_ chunkID: String, on server: String) async throws -> ReplicaMeasure {
        try await ReplicaMeasure.take(chunkID, from: server, context)
    }

    /// How many copies are read back at once.
    var copiesInFlight: Int { max(1, context.configuration.chunksInFlight * 2) }

    /// Second replicas that were asked because the first let wait.
    var hedgeCount: Int { context.hedges.withLock { $0.count } }

    /// Closes all connections, once the transfers under way have ended. The client cannot be used after this.
    public func close() async {
        await master.close()
        await context.close()
    }
}
