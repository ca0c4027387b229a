import ArgumentParser
import DFSCommandLine
import DFSCore
import DFSFiles
import DFSMaster
import DFSMetadata
import DFSMetadataStore
import DFSServices
import Logging

/// `dfs-master`: keeps the namespace, watches the chunk servers.
@main
struct DFSMasterCommand: NodeCommand {
    static let configuration = CommandConfiguration.program(
        "dfs-master", summary: "The master of a DFS cluster: knows which chunks a file has and which servers hold them."
    )
    private static let listenFlag = FlagDeclaration.value(
        "listen", ServerAddress.self, environment: "DFS_LISTEN", help: "Address to listen on.")
    private static let metadataFolderFlag = FlagDeclaration.value(
        "meta-dir", String.self, environment: "DFS_META_DIR", help: "Folder of the metadata.", placeholder: "folder")
    private static let trashKeepFlag = FlagDeclaration.value(
        "trash-keep", GoDuration.self, environment: "DFS_TRASH_KEEP",
        help: "How long what was removed or replaced can be restored.")
    private static let orphanKeepFlag = FlagDeclaration.value(
        "orphan-keep", GoDuration.self, environment: "DFS_ORPHAN_KEEP",
        help: "How long chunks are kept that no file has, before those of this cluster's past are deleted.")
    private static let uploadKeepFlag = FlagDeclaration.value(
        "upload-keep", GoDuration.self, environment: "DFS_UPLOAD_KEEP",
        help: "The longest time for which an interrupted put -resume is kept to be gone on with; 0s for none.")
    private static let safeModeLimitFlag = FlagDeclaration.value(
        "safe-mode-limit", GoDuration.self, environment: "DFS_SAFE_MODE_LIMIT",
        help: "After a start, how long to wait for chunk servers to tell of the chunks before anything is changed.")
    private static let appendLeaseFlag = FlagDeclaration.value(
        "append-lease", GoDuration.self, environment: "DFS_APPEND_LEASE",
        help: "How long the first server of a chunk that is appended to may go on without asking the master again.")
    private static let scrubRateFlag = FlagDeclaration.value(
        "scrub-rate", ByteCount.self, environment: "DFS_SCRUB_RATE",
        help: "Bytes a second, such as 8MB, of chunks on Go servers that are read again to find damage; 0 for none.")
    private static let scrubCycleFlag = FlagDeclaration.value(
        "scrub-cycle", GoDuration.self, environment: "DFS_SCRUB_CYCLE",
        help: "How often each chunk on a Go server is read again, at most.")
    static let flags =
        SharedOptions.flags + ClusterOptions.flags + NodeOptions.flags + NodeTLSOptions.flags
        + [
            listenFlag, metadataFolderFlag, trashKeepFlag, uploadKeepFlag, safeModeLimitFlag, orphanKeepFlag,
            appendLeaseFlag,
            scrubRateFlag,
            scrubCycleFlag,
        ] + RepairOptions.flags + [
            backupFolderFlag,
            backupIntervalFlag, backupKeepFlag, backupFlag, restoreFlag, dumpFlag,
        ]
    private static let backupFolderFlag = FlagDeclaration.value(
        "backup-dir", String.self, environment: "DFS_BACKUP_DIR",
        help: "Folder to write backups of the metadata to while the master runs.", placeholder: "folder")
    private static let backupIntervalFlag = FlagDeclaration.value(
        "backup-interval", GoDuration.self, environment: "DFS_BACKUP_INTERVAL",
        help: "Time from one backup to the next, with -backup-dir.")
    private static let backupKeepFlag = FlagDeclaration.value(
        "backup-keep", Int.self, environment: "DFS_BACKUP_KEEP", help: "Backups that are kept in -backup-dir.")
    private static let backupFlag = FlagDeclaration.value(
        "backup", String.self, help: "Write a backup of -meta-dir to this file and end; a master may be running.",
        placeholder: "file")
    private static let restoreFlag = FlagDeclaration.value(
        "restore", String.self, help: "Make this backup the metadata in -meta-dir, which has none, and end.",
        placeholder: "file")
    private static let dumpFlag = FlagDeclaration.toggle(
        "dump", help: "Write the metadata of -meta-dir to standard output, one JSON object a line, and end.")

    @OptionGroup var shared: SharedOptions
    @OptionGroup var cluster: ClusterOptions
    @OptionGroup var node: NodeOptions
    @OptionGroup var tls: NodeTLSOptions
    @OptionGroup var repair: RepairOptions
    @Option(Self.listenFlag) var listen = ServerAddress(host: "", port: 8000)
    @Option(Self.metadataFolderFlag) var metadataFolder = "./meta"
    @Option(Self.trashKeepFlag) var trashKeep = GoDuration(ClusterPolicy().trashRetention)

    @Option(Self.uploadKeepFlag) var uploadKeep = GoDuration(ClusterPolicy().longestUploadKeep)
    @Option(Self.safeModeLimitFlag) var safeModeLimit = GoDuration(ClusterPolicy().safeModeLimit)
    @Option(Self.orphanKeepFlag) var orphanKeep = GoDuration(ClusterPolicy().orphanRetention)
    @Option(Self.appendLeaseFlag) var appendLease = GoDuration(ClusterPolicy().appendLease)
    @Option(Self.scrubRateFlag) var scrubRate = ByteCount(bytes: 8 << 20)
    @Option(Self.scrubCycleFlag) var scrubCycle = GoDuration(ClusterPolicy().rereadCycle)
    @Option(Self.backupFolderFlag) var backupFolder: String?
    @Option(Self.backupIntervalFlag) var backupInterval = GoDuration(.seconds(24 * 3600))
    @Option(Self.backupKeepFlag) var backupKeep = 7
    @Option(Self.backupFlag) var backup: String?
    @Option(Self.restoreFlag) var backupToRestore: String?
    @Flag(Self.dumpFlag) var dumps = false

    func validate() throws {
        guard backupInterval.duration >= .seconds(1) else {
            throw ValidationError("-backup-interval \(backupInterval) is too short; give at least 1s")
        }
        guard appendLease.duration >= .milliseconds(500) else {
            throw ValidationError("-append-lease \(appendLease) is too short; give at least 500ms")
        }
        guard scrubCycle.duration >= .seconds(1) else {
            throw ValidationError("-scrub-cycle: \(scrubCycle) is too short; give at least 1s")
        }
        guard backupKeep > 0 else {
            throw ValidationError("-backup-keep \(backupKeep) would keep no backup; give at least 1")
        }
        let tasks = [backup != nil, backupToRestore != nil, dumps].count { $0 }
        guard tasks <= 1 else { throw ValidationError("-backup, -restore and -dump do not go together; give one") }
    }

    /// Serves, unless a flag asks for something else.
    func execute(logger: Logger) async throws {
        let files = PosixFileSystem()
        if let backup {
            let contents = try MetadataBackup.write(of: metadataFolder, to: backup, fileSystem: files)
            print("\(backup): \(contents.fileCount) files of cluster \(contents.clusterID)")
        } else if let backupToRestore {
            let contents = try MetadataBackup.restore(backupToRestore, into: metadataFolder, fileSystem: files)
            print("\(metadataFolder): \(contents.fileCount) files of cluster \(contents.clusterID)")
        } else if dumps {
            try dump(files)
        } else {
            try await serve(logger: logger)
        }
    }

    /// Ends with an error where a line could not be written.
    private func dump(_ files: PosixFileSystem) throws {
        var failure: (any Error)?
        var dump = MetadataDump { line in
            guard failure == nil else { return }
            do { try StandardOutput.print(line) } catch { failure = error }
        }
        let clusterID = try MetadataBackup.read(metadataFolder, fileSystem: files) { record throws(DFSError) in
            dump.add(record)
        }
        dump.finish(clusterID: clusterID)
        if let failure { throw failure }
    }

    var life: NodeOptions? { node }

    static func main() async {
        await runProgram(Self.self)
    }

    func makeNode(logger: Logger) -> any Node {
        var configuration = Master.Configuration()
        configuration.listen = listen
        configuration.tls = NodeTLSSettings(tls)
        configuration.metadataFolder = metadataFolder
        configuration.drainLimit = node.drainLimit.duration
        configuration.httpListen = node.httpListen
        configuration.backups = backupFolder.map {
            Master.Backups(folder: $0, interval: backupInterval.duration, keepCount: backupKeep)
        }
        configuration.policy.longestUploadKeep = uploadKeep.duration
        configuration.policy.trashRetention = trashKeep.duration
        configuration.policy.orphanRetention = orphanKeep.duration
        configuration.policy.rereadBytesPerSecond = UInt64(scrubRate.bytes)
        configuration.policy.rereadCycle = scrubCycle.duration
        configuration.policy.safeModeLimit = safeModeLimit.duration
        configuration.policy.appendLease = appendLease.duration
        repair.apply(to: &configuration.policy)
        configuration.policy.replication = cluster.replication
        configuration.policy.chunkSize = UInt64(cluster.chunkSize.bytes)
        configuration.policy.liveThreshold = cluster.liveThreshold.duration
        return MasterNode(master: Master(configuration: configuration, logger: logger))
    }
}

extension NodeTLSSettings {
    /// `nil` where the flags ask for no TLS.
    fileprivate init?(_ options: NodeTLSOptions) {
        guard let listen = options.listen, let certificate = options.certificate, let key = options.key else {
            return nil
        }
        self.init(
            listen: listen, certificate: certificate, key: key,
            clientAuthorities: options.clientAuthentication == .require ? options.authorities : nil)
    }
}

/// The master as the process runs it.
private struct MasterNode: Node {
    let master: Master

    func start() async throws { try await master.start() }

    func run() async throws { try await master.run() }

    func reload() async { await master.reloadTLS() }

    func stop() async { await master.stop() }
}
