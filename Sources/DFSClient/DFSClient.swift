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

    /// Gets a folder with all that is in it as `<folder>/<path>`: each file stands where ``get(_:into:options:onProgress:)`` would
    /// put it, and empty folders come too.
    ///
    /// A few files move at once. Whatever fails, the rest goes on. Nothing outside of `folder` is written, whatever names
    /// the master tells: a symbolic link where a folder is to be is an error.
    ///
    /// - Parameters:
    ///   - path: a folder or a file; `/` is all of the cluster.
    ///   - folder: made where missing.
    ///   - options: of each get.
    ///   - onEvent: told of each file.
    /// - Returns: what came of it, when all of that is on disk under its names, unless ``GetOptions/isDurable`` is off. Nothing was missed only if
    ///   ``TreeResult/failureCount`` is 0.
    /// - Throws: ``DFSError`` of code `notFound`, and when it is cancelled, or a folder cannot be synced.
    public func getTree(
        _ path: String, into folder: String, options: GetOptions = GetOptions(), onEvent: TreeHandler = { _ in }
    ) async throws -> TreeResult {
        try await downloader.getTree(path, into: folder, options: options, onEvent: onEvent)
    }

    /// Gets a file from the cluster as `<folder>/<name>`, replacing a file that is there.
    ///
    /// - Parameters:
    ///   - name: as it was put; parts before the last become folders.
    ///   - folder: made where missing.
    ///   - options: what else is asked for.
    ///   - onProgress: called as bytes arrive, from any thread, one call at a time.
    /// - Returns: when the file is whole, verified and, unless ``GetOptions/isDurable`` is off, on disk under its name.
    /// - Throws: ``DFSError``; then nothing is left behind, unless ``GetOptions/resumes``, and a file that was there before is as it was.
    @discardableResult
    public func get(
        _ name: String, into folder: String, options: GetOptions = GetOptions(), onProgress: ProgressHandler? = nil
    ) async throws -> GetResult {
        try await downloader.get(name, into: folder, options: options, onProgress: onProgress)
    }

    /// Reads a chunk from one server, and keeps none of it.
    func measure(_ chunkID: String, on server: String) async throws -> ReplicaMeasure {
        try await ReplicaMeasure.take(chunkID, from: server, context)
    }

    /// How many copies are read back at once.
    var copiesInFlight: Int { max(1, context.configuration.chunksInFlight * 2) }

    /// Second replicas that were asked because the first let wait.
    var hedgeCount: Int { context.hedges.withLock { $0.count } }

    /// Closes all connections and returns when that is done. Transfers under way fail: wait for them first. The client cannot be
    /// used after this.
    public func close() async {
        await master.close()
        await context.close()
    }
}
