import ArgumentParser
import DFSChunkServer
import DFSCommandLine
import DFSCore
import DFSFiles
import DFSServices
import Logging

/// `dfs-chunkserver`: the flags of the Go original, and what is settable beyond them.
struct ChunkServerCommand: NodeCommand {
    private static let portFlag = FlagDeclaration.value(
        "port", ServerAddress.self, help: "Where to listen, such as :9001.")
    private static let masterFlag = FlagDeclaration.value(
        "master", ServerAddress.self, environment: "DFS_MASTER", help: "The master's address.")
    private static let folderFlag = FlagDeclaration.value(
        "dir", String.self, help: "Folder of chunks; made where missing.", placeholder: "folder")
    private static let advertiseFlag = FlagDeclaration.value(
        "advertise", ServerAddress.self,
        help: "Address that others dial to reach this server; by default that of -port.")
    private static let locationFlag = FlagDeclaration.value(
        "location", NetworkLocation.self, environment: "DFS_LOCATION",
        help: "Where the server stands in the network: copies of a chunk go to different racks.")
    private static let quarantineFlag = FlagDeclaration.value(
        "quarantine-keep", GoDuration.self, environment: "DFS_QUARANTINE_KEEP",
        help: "How long deleted chunks are kept below .dfs/quarantine in the folder.")
    private static let deletionShareFlag = FlagDeclaration.value(
        "deletion-share", Int.self, environment: "DFS_DELETION_SHARE",
        help: "Percent of the chunks that may be deleted in 10 minutes before deletions are held; 100 holds none.",
        placeholder: "percent")
    private static let deletionMinimumFlag = FlagDeclaration.value(
        "deletion-minimum", Int.self, environment: "DFS_DELETION_MINIMUM",
        help: "Deletions in 10 minutes that are never held.")
    private static let appendIdleFlag = FlagDeclaration.value(
        "append-idle", GoDuration.self, environment: "DFS_APPEND_IDLE",
        help: "How long a chunk that is appended to waits for a record before it is sealed.")
    private static let slowFloorFlag = FlagDeclaration.value(
        "slow-floor", ByteCount.self, environment: "DFS_SLOW_FLOOR",
        help: "Bytes a second that the next server must take of what a Go client puts; 0 for any.")
    private static let shortCircuitFlag = FlagDeclaration.value(
        "short-circuit", OnOff.self, environment: "DFS_SHORT_CIRCUIT",
        help: "Whether readers on this machine get chunks' files, to read them by themselves.")

    private static let scrubRateFlag = FlagDeclaration.value(
        "scrub-rate", ByteCount.self, environment: "DFS_SCRUB_RATE",
        help: "Bytes a second, such as 8MB, of chunks that are read in the background to find damage; 0 for none.")
    private static let scrubCycleFlag = FlagDeclaration.value(
        "scrub-cycle", GoDuration.self, environment: "DFS_SCRUB_CYCLE",
        help: "How often each chunk is read so, at most.")

    static let configuration = CommandConfiguration.program(
        "dfs-chunkserver", summary: "Keeps chunks in a folder, serves them, and follows its master's orders.")

    static let flags =
        [
            portFlag, masterFlag, folderFlag, advertiseFlag, locationFlag, quarantineFlag, deletionShareFlag,
            deletionMinimumFlag, appendIdleFlag, slowFloorFlag, shortCircuitFlag, scrubRateFlag, scrubCycleFlag,
        ] + ClusterOptions.flags + NodeOptions.flags + NodeTLSOptions.flags + SharedOptions.flags

    @Option(Self.portFlag) var port = ServerAddress(host: "", port: 9001)
    @Option(Self.masterFlag) var master = ServerAddress(host: "", port: 8000)
    @Option(Self.folderFlag) var folder = "./data"
    @Option(Self.advertiseFlag) var advertise: ServerAddress?
    @Option(Self.locationFlag) var location: NetworkLocation?
    @Option(Self.quarantineFlag) var quarantineKeep = GoDuration(.seconds(24 * 3600))
    @Option(Self.deletionShareFlag) var deletionShare = 30
    @Option(Self.deletionMinimumFlag) var deletionMinimum = 100
    @Option(Self.appendIdleFlag) var appendIdle = GoDuration(.seconds(60))
    @Option(Self.slowFloorFlag) var slowFloor = ByteCount(bytes: ChainPatience().floor)
    @Option(Self.shortCircuitFlag) var shortCircuit = OnOff.on
    @Option(Self.scrubRateFlag) var scrubRate = ByteCount(bytes: ScrubSettings().bytesPerSecond)
    @Option(Self.scrubCycleFlag) var scrubCycle = GoDuration(ScrubSettings().cycle)
    @OptionGroup var cluster: ClusterOptions
    @OptionGroup var node: NodeOptions
    @OptionGroup var tls: NodeTLSOptions
    @OptionGroup var shared: SharedOptions

    func validate() throws {
        guard (0...100).contains(deletionShare) else {
            throw ValidationError("-deletion-share: \(deletionShare) is out of range; write 0 to 100")
        }
        guard deletionMinimum >= 0 else { throw ValidationError("-deletion-minimum: write 0 or more") }
        guard appendIdle.duration > .zero else { throw ValidationError("-append-idle: write more than 0") }
        guard scrubCycle.duration >= .seconds(1) else {
            throw ValidationError("-scrub-cycle: \(scrubCycle) is too short; give at least 1s")
        }
        guard !folder.isEmpty else { throw ValidationError("-dir: name a folder") }
    }

    var life: NodeOptions? { node }

    func makeNode(logger: Logger) throws -> any Node {
        var settings = ChunkServerSettings()
        settings.listen = port
        settings.tls = NodeTLSSettings(tls)
        settings.master = master
        settings.folder = folder
        settings.advertise = advertise
        settings.location = location
        settings.drainLimit = node.drainLimit.duration
        settings.httpListen = node.httpListen
        settings.heartbeatInterval = cluster.heartbeatInterval.duration
        settings.store.usualChunkSize = Int64(cluster.chunkSize.bytes)
        settings.store.quarantineKeep = quarantineKeep.duration
        settings.scrub.bytesPerSecond = scrubRate.bytes
        settings.scrub.cycle = scrubCycle.duration
        settings.deletionBreaker.share = Double(deletionShare) / 100
        settings.deletionBreaker.minimumCount = deletionMinimum
        settings.lendsFiles = shortCircuit == .on
        settings.chainPatience.floor = slowFloor.bytes
        settings.append.idleLimit = appendIdle.duration
        ProcessMemory.keepFreedBuffers()
        return ChunkServerNode(server: ChunkServer(settings: settings, logger: logger))
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

/// The chunk server as the process's life sees it.
private struct ChunkServerNode: Node {
    let server: ChunkServer

    func start() async throws { try await server.start() }

    func reload() async { await server.reloadTLS() }

    func stop() async { await server.stop() }
}
