import DFSChunkStore
import DFSCore
import DFSServices
import Logging
import Monitoring
import NIOPosix
import RPC
import RPCServices
import Synchronization

/// A chunk server: keeps chunks in a folder, serves them, and follows its master's orders.
///
/// ``start()``, then ``stop()``, each once.
package final class ChunkServer: Sendable {
    /// The master has this long to end the heartbeat stream in order.
    private static let leaveLimit = Duration.seconds(5)

    /// What runs between start and stop.
    private struct Running {
        let threads: ServerThreads
        let peers: PeerPool
        let chainPeers: ChainPeers
        let appending: Appending
        let master: Peer
        let session: MasterSession
        let server: RPCServer
        let pages: StatusServer?
        /// The session, which ends when it is asked to.
        let sessionTask: Task<Void, Never>
        /// Copies, which end when they are handed back and those begun are done, or when it is cancelled.
        let copyTask: Task<Void, Never>
        /// Open chunks, which end when they are drained.
        let appendTask: Task<Void, Never>
        /// Where files are fetched that were lent; `nil`: nowhere.
        let shortCircuit: ShortCircuitSocket?
        /// All other work, which ends when it is cancelled.
        let workTask: Task<Void, Never>
    }

    let settings: ChunkServerSettings
    let logger: Logger
    let group: MultiThreadedEventLoopGroup
    let standard = StandardServices(services: Services.ofChunkServer)
    private let running = Mutex<Running?>(nil)

    /// How often a server behind this one was given up since it took too little, since the start.
    var slowServerCount: Int { running.withLock { $0?.chainPeers.slowServerCount ?? 0 } }

    /// Opens nothing yet.
    package init(settings: ChunkServerSettings, logger: Logger) {
        self.settings = settings
        self.logger = logger
        group = MultiThreadedEventLoopGroup(numberOfThreads: settings.eventLoopCount)
    }

    /// Opens the folder, listens, and begins to look for the master. It serves when this returns, whether or not the
    /// master is there.
    ///
    /// - Returns: the port that it listens on.
    /// - Throws: ``DFSError`` that names the folder or port and the remedy.
    @discardableResult
    package func start() async throws -> UInt16 {
        let threads = ServerThreads(settings)
        do {
            return try await start(threads)
        } catch {
            if running.withLock({ $0 == nil }) { await threads.stop() }
            throw error
        }
    }

    private func start(_ threads: ServerThreads) async throws -> UInt16 {
        let store = try await openStore(threads.bulk)
        let disk = DiskWatch(
            store: store, freeMiB: try await threads.bulk.run { try store.freeMiB() }, threads: threads.heartbeat,
            limits: settings.diskWatch, logger: logger)
        let shortCircuit = await lendFiles(of: store)
        do {
            return try await start(threads, store, disk, shortCircuit)
        } catch {
            await shortCircuit?.close()
            throw error
        }
    }

    private func start(
        _ all: ServerThreads, _ store: ChunkStore, _ disk: DiskWatch, _ shortCircuit: ShortCircuitSocket?
    ) async throws -> UInt16 {
        let threads = all.bulk
        let changes = ChangeSignal()
        let tasks = NodeTasks(
            replicationLimits: settings.replication, breakerLimits: settings.deletionBreaker,
            settlingTime: settings.goSettlingTime, changes: changes, logger: logger)
        let master = Peer(
            address: settings.master, role: "master", group: group, configuration: Self.masterChannel, logger: logger)
        // The address may depend on the port that the system chooses, and the services need the session before.
        let address = LateAddress()
        let suspicions = Suspicions()
        let source = ChunkSource(store: store, threads: threads, suspicions: suspicions)
        let session = MasterSession(
            address: address, nodeID: store.nodeID, peer: master, store: store, threads: all, disk: disk,
            tasks: tasks, suspicions: suspicions, changes: changes, heartbeatInterval: settings.heartbeatInterval,
            reportLimit: settings.reportLimit,
            logger: logger)
        let chainPeers = ChainPeers(group: group, master: master, logger: logger)
        let appending = Appending(
            store: store, threads: all.append, session: session, settings: settings.append, group: group, logger: logger
        )
        let calls = settings.httpListen.map { _ in CallMetrics(kinds: Methods.kinds) }
        let server = RPCServer(
            routes: routes(store, all, session, chainPeers, source, appending, shortCircuit),
            configuration: serverConfiguration(calls),
            group: group,
            logger: logger)
        let port = try await listen(server)
        let listening = ServerAddress(host: settings.listen.host, port: port)
        let tlsPort = try await listenSecurely(server)
        address.set(settings.advertise ?? listening, tlsPort: tlsPort)
        let pages = try await showPages(
            ChunkServerPages(
                session: session, disk: disk, chainPeers: chainPeers, lentFiles: shortCircuit?.files, calls: calls),
            server)
        var pool = PeerPool.Configuration()
        pool.locate = HostlessLocator(master: master).locate
        let peers = PeerPool(group: group, configuration: pool, logger: logger)
        let replication = ReplicationWorker(
            tasks: tasks, store: store, source: source, peers: peers, changes: changes, logger: logger)
        let checker = ReplicaChecker(
            suspicions: suspicions, store: store, threads: threads, master: session, changes: changes, logger: logger)
        let work = BackgroundWork(
            checker: checker,
            scrubber: Scrubber(settings: settings.scrub, store: store, checker: checker, logger: logger),
            deletion: DeletionWorker(tasks: tasks, store: store, threads: threads, changes: changes, logger: logger),
            housekeeper: Housekeeper(
                store: store, threads: threads, checker: checker, master: session, logger: logger))
        let sessionTask = Task { await session.run() }
        let copyTask = Task { await replication.run() }
        let workTask = Task { await work.run() }
        let appendTask = Task { await appending.primaries.run() }
        running.withLock {
            $0 = Running(
                threads: all, peers: peers, chainPeers: chainPeers, appending: appending, master: master,
                session: session, server: server, pages: pages, sessionTask: sessionTask, copyTask: copyTask,
                appendTask: appendTask, shortCircuit: shortCircuit, workTask: workTask)
        }
        standard.health.serve()
        logger.info(
            "chunk server ready",
            metadata: [
                "listen": "\(listening)", "address": "\(address.text)", "dir": "\(settings.folder)",
                "node": "\(store.nodeID)",
            ])
        return port
    }

    /// Takes no new call, lets those under way finish within ``ChunkServerSettings/drainLimit``, leaves the master in
    /// order, closes everything.
    ///
    /// Whoever watches the health hears of it first. Transfers that do not end in time are cut, and their clients go on at
    /// other servers.
    package func stop() async {
        let running = running.withLock { running in
            defer { running = nil }
            return running
        }
        standard.health.close()
        if let running {
            running.session.tasks.handBackCopies()
            async let calls: Void = running.server.shutdown(grace: settings.drainLimit)
            // Writers go on elsewhere as soon as the master hears that their chunks are given up.
            running.appending.stopping.give()
            await running.appending.primaries.drain(within: Self.leaveLimit)
            await finish(running.copyTask, within: settings.drainLimit)
            // A Swift master places nothing here from now on, and hears of the last uploads by their reports. A Go master
            // knows lists only, so its last one comes when all uploads have ended.
            if !running.session.isMasterSwift { await calls }
            running.session.stop()
            await finish(running.sessionTask, within: Self.leaveLimit)
            await calls
            running.appendTask.cancel()
            await running.appendTask.value
            running.workTask.cancel()
            await running.workTask.value
            await running.shortCircuit?.close()
            await running.peers.close()
            await running.chainPeers.close()
            await running.appending.peers.close()
            await running.master.channel.close()
            await running.pages?.close()
            await running.threads.stop()
        }
        try? await group.shutdownGracefully()
    }

    /// For tests: what runs while the server does.
    var store: ChunkStore? { running.withLock { $0?.session.store } }
    var appendThreads: DiskThreads? { running.withLock { $0?.threads.append } }

    /// Reads the files of the TLS port again, and logs what came of it.
    package func reloadTLS() async { await running.withLock({ $0?.server })?.reloadTLS() }

    private func finish(_ task: Task<Void, Never>, within limit: Duration) async {
        let watch = Task {
            try await Task.sleep(for: limit)
            task.cancel()
        }
        await task.value
        watch.cancel()
    }
}
