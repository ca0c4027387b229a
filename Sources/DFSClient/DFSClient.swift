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
    private let context: ClientContext

    /// Makes a client; connects to nothing yet.
    ///
    /// - Parameters:
    ///   - master: the master's address, `host:port`; without a host it is this machine.
    ///   - configuration: limits and waiting times.
    ///   - logger: told of replicas that failed and were replaced, at level warning, and of details at debug.
    /// - Throws: ``DFSError`` of code `invalidArgument` where `master` is no address, `failedPrecondition` where a file of
    ///   ``ClientConfiguration/tls`` cannot be used.
    public convenience init(
        master: String, configuration: ClientConfiguration = ClientConfiguration(),
        logger: Logger = Logger(label: "dfs-client")
    ) throws {
        try self.init(
            master: ServerAddress(master), configuration: configuration,
            tls: configuration.tls.map { try ClientTLS($0, logger: logger) }, files: PosixFileSystem(), logger: logger)
    }

    /// - Parameters:
    ///   - tls: made from ``ClientConfiguration/tls``.
    ///   - files: the local files.
    package init(
        master: ServerAddress, configuration: ClientConfiguration, tls: ClientTLS? = nil, files: any FileSystem,
        logger: Logger
    ) {
        context = ClientContext(
            master: master, configuration: configuration, tls: tls, files: files, logger: logger)
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

    /// Gets a file from the cluster as `<folder>/<name>`, replacing a file that is there.
    ///
    /// - Parameters:
    ///   - name: as it was put; parts before the last become folders.
    ///   - folder: made where missing.
    ///   - onProgress: called as bytes arrive, from any thread, one call at a time.
    /// - Returns: when the file is whole, verified and on disk under its name.
    /// - Throws: ``DFSError``; then nothing is left behind, and a file that was there before is as it was.
    @discardableResult
    public func get(
        _ name: String, into folder: String, onProgress: ProgressHandler? = nil
    ) async throws -> GetResult {
        try await downloader.get(name, into: folder, onProgress: onProgress)
    }

    /// Says what the cluster knows of a file: its chunks, their lengths and checksums, and who holds them.
    public func stat(_ name: String) async throws -> FileLayout {
        try await master.open(name)
    }

    /// Closes all connections, once the transfers under way have ended. The client cannot be used after this.
    public func close() async {
        await master.close()
        await context.close()
    }
}
