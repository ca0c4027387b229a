import DFSCore
import DFSFiles
import DFSMetadata
import DFSMetadataStore
import DFSServices
import DFSWire
import Logging
import Monitoring
import NIOCore
import NIOPosix
import RPC
import RPCServices
import Synchronization

/// A running master: the decisions of `DFSMetadata` bound to the store, to the clock and to gRPC.
///
/// Every input passes through ``MetadataManager``, which decides, makes durable and lets effects out; heartbeat streams
/// belong to ``HeartbeatManager``; calls that the master itself makes to chunk servers to ``ServerWork``.
package final class Master: Sendable {
    /// What an operator sets.
    package struct Configuration: Sendable {
        /// Host and port to listen on; port 0 lets the system choose.
        package var listen = ServerAddress(host: "", port: 8000)
        /// Serves TLS too.
        package var tls: NodeTLSSettings?
        /// The folder of the metadata store; made where missing.
        package var metadataFolder = "./meta"
        package var policy = ClusterPolicy()
        /// How long calls under way have to finish when the master stops.
        package var drainLimit = ClusterDefaults.drainLimit
        /// Where it shows how it is by HTTP; `nil`: nowhere.
        package var httpListen: ServerAddress?
        /// Where and how often it backs its metadata up by itself; `nil`: not at all.
        package var backups: Backups?
        /// Fixes all random choices; `nil` draws a seed.
        package var seed: UInt64?

        package init() {}
    }

    /// Backups that the running master makes.
    package struct Backups: Sendable {
        /// Made where missing.
        package var folder: String
        /// From the beginning of one to the beginning of the next.
        package var interval: Duration
        /// How many are kept, the newest; at least 1.
        package var keepCount: Int

        package init(folder: String, interval: Duration, keepCount: Int) {
            self.folder = folder
            self.interval = interval
            self.keepCount = keepCount
        }
    }

    private struct Parts {
        var metadata: MetadataManager?
        var backups: BackupSchedule?
        var server: RPCServer?
        var ticker: RepeatedTask?
        var pages: StatusServer?
    }

    private let configuration: Configuration
    private let logger: Logger
    private let group: MultiThreadedEventLoopGroup
    private let peers: PeerPool
    private let heartbeats = HeartbeatManager()
    private let work: ServerWork
    private let securePorts = SecurePorts()
    private let standard = StandardServices(services: Services.ofMaster)
    /// `nil` where nobody could read them.
    private let callMetrics: CallMetrics?
    private let parts = Mutex(Parts())
    private let isStopping = Atomic(false)

    /// Opens nothing yet.
    package init(configuration: Configuration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
        group = MultiThreadedEventLoopGroup(numberOfThreads: System.coreCount)
        peers = PeerPool(role: "chunk server", group: group, logger: logger)
        work = ServerWork(peers: peers, logger: logger)
        callMetrics = configuration.httpListen.map { _ in CallMetrics(kinds: Methods.kinds) }
    }

    /// Opens the store, recovers the metadata and listens; serves when it returns.
    ///
    /// - Returns: the port.
    /// - Throws: ``DFSError`` that names what is in the way and the remedy.
    @discardableResult
    package func start() async throws -> UInt16 {
        let (metadata, clusterID) = try await recover()
        parts.withLock { $0.metadata = metadata }
        if let schedule = backupSchedule(clusterID) {
            try await schedule.prepare()
            parts.withLock { $0.backups = schedule }
        }
        let server = makeServer(metadata, clusterID)
        let port: UInt16
        do {
            port = try await server.listen(host: configuration.listen.host, port: configuration.listen.port)
        } catch {
            let cause = (error as? RPCError)?.message ?? "\(error)"
            throw DFSError(.failedPrecondition, "cannot listen on \(configuration.listen): \(cause)")
        }
        parts.withLock { $0.server = server }
        if let tls = configuration.tls {
            let port = try await server.listen(tls, logger: logger)
            logger.info("TLS ready", metadata: ["listen": "\(ServerAddress(host: tls.listen.host, port: port))"])
        }
        parts.withLock { parts in
            parts.ticker = startTicking(metadata)
        }
        try await showPages(metadata)
        standard.health.serve()
        let address = ServerAddress(host: configuration.listen.host, port: port)
        logger.info("master ready", metadata: ["listen": "\(address)", "cluster": "\(clusterID)"])
        return port
    }

    /// Serves until the task is cancelled.
    ///
    /// - Throws: ``DFSError`` where the store failed; nothing that was acknowledged is lost then.
    package func run() async throws {
        let (metadata, backups) = parts.withLock { ($0.metadata, $0.backups) }
        guard let metadata else { return }
        try await withThrowingTaskGroup { tasks in
            if let backups { tasks.addTask { await backups.run() } }
            tasks.addTask { [work] in await work.run(reportingTo: metadata) }
            tasks.addTask { if let failure = await metadata.failure() { throw failure } }
            defer { tasks.cancelAll() }
            try await tasks.next()
        }
    }

    /// Takes no new call, ends the heartbeat streams, lets calls under way finish within ``Configuration/drainLimit``,
    /// decides what is waiting, and closes the store, whose log is brought over into the database.
    package func stop() async {
        let parts = parts.withLock { parts in
            defer { parts = Parts() }
            return parts
        }
        standard.health.close()
        // Whoever asks hears from now on that nothing should be sent here.
        isStopping.store(true, ordering: .relaxed)
        parts.ticker?.cancel()
        // Connections that close now say nothing of their writers.
        parts.metadata?.ignoreConnections()
        heartbeats.stop()
        await parts.server?.shutdown(grace: configuration.drainLimit)
        do {
            try await parts.metadata?.close()
        } catch {
            logger.error("cannot close the metadata store", metadata: ["error": "\(error)"])
        }
        await peers.close()
        await parts.pages?.close()
        try? await group.shutdownGracefully()
    }

    /// Reads the files of the TLS port again, and logs what came of it.
    package func reloadTLS() async { await parts.withLock({ $0.server })?.reloadTLS() }

    // MARK: Parts

    /// Opens the store on a thread that may block.
    private func recover() async throws -> (MetadataManager, clusterID: String) {
        let folder = configuration.metadataFolder
        let clock = SystemClock()
        let policy = configuration.policy
        let seed = configuration.seed ?? .random(in: 0 ... .max)
        let (store, state, clusterID) = try await NIOThreadPool.singleton.runIfActive {
            let store = try SQLiteMetadataStore(folder: folder, fileSystem: PosixFileSystem()) {
                hex(.random(in: 0 ... .max), digits: 16) + hex(.random(in: 0 ... .max), digits: 16)
            }
            let (state, clusterID) = try store.recover(policy: policy, seed: seed, now: clock.now)
            return (store, state, clusterID)
        }
        logger.info(
            "metadata loaded", metadata: ["files": "\(state.fileCount)", "folder": "\(folder)"])
        let performer = EffectPerformer(heartbeats: heartbeats, work: work, logger: logger)
        let manager = MetadataManager(state: state, store: store, clock: clock) { performer.perform($0) }
        return (manager, clusterID)
    }

    private func backupSchedule(_ clusterID: String) -> BackupSchedule? {
        configuration.backups.map { backups in
            BackupSchedule(
                shelf: BackupShelf(
                    folder: backups.folder, clusterID: clusterID, keepCount: backups.keepCount,
                    fileSystem: PosixFileSystem()),
                metadataFolder: configuration.metadataFolder, interval: backups.interval, logger: logger)
        }
    }

    private func makeServer(_ metadata: MetadataManager, _ clusterID: String) -> RPCServer {
        var routes = ServiceRoutes()
        MasterService(metadata: metadata, heartbeats: heartbeats).add(to: &routes)
        NamespaceService(metadata: metadata, securePorts: securePorts).add(to: &routes)
        TrashService(metadata: metadata).add(to: &routes)
        ClusterService(metadata: metadata).add(to: &routes)
        RepairService(metadata: metadata).add(to: &routes)
        AdminService(metadata: metadata).add(to: &routes)
        AppendService(metadata: metadata).add(to: &routes)
        standard.add(to: &routes)
        let description = DescribeResponse(
            role: "master", version: SoftwareVersion.text, clusterID: clusterID, nodeID: clusterID,
            chunkSize: configuration.policy.chunkSize, replication: UInt32(configuration.policy.replication),
            takesDifferences: true)
        ReportService(metadata: metadata, description: description, securePorts: securePorts, heartbeats: heartbeats)
            .add(to: &routes)
        var server = RPCServer.Configuration()
        // A file of very many chunks has a long answer; our own clients take it, and Go clients have none such.
        server.maxSendMessageBytes = 64 << 20
        if let callMetrics { server.interceptors = [callMetrics] }
        server.onConnectionClosed = { metadata.post(.connectionClosed(ConnectionToken(rawValue: $0.value))) }
        return RPCServer(routes: routes, configuration: server, group: group, logger: logger)
    }

    private func showPages(_ metadata: MetadataManager) async throws {
        guard let address = configuration.httpListen else { return }
        let pages = MasterPages(metadata: metadata, calls: callMetrics, backups: parts.withLock { $0.backups }) {
            [weak self] in
            self?.isStopping.load(ordering: .relaxed) ?? true
        }
        let server = StatusServer(pages: pages.pages, group: group)
        let port = try await server.listen(address)
        parts.withLock { $0.pages = server }
        logger.info("HTTP ready", metadata: ["listen": "\(ServerAddress(host: address.host, port: port))"])
    }

    /// Time passes once a second, oftener where servers are to be found dead sooner.
    private func startTicking(_ metadata: MetadataManager) -> RepeatedTask {
        let threshold = configuration.policy.liveThreshold.nanoseconds
        let interval = TimeAmount.nanoseconds(max(20_000_000, min(1_000_000_000, threshold / 5)))
        return group.next().scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in
            metadata.post(.tick)
        }
    }
}
