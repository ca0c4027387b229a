import DFSChunkStore
import DFSCore
import DFSFiles
import DFSServices
import Logging
import NIOPosix
import RPC
import Synchronization

/// A chunk server: keeps chunks in a folder, serves them, and follows its master's orders.
///
/// ``start()``, then ``stop()``, each once.
package final class ChunkServer: Sendable {
    /// Calls under way have this long to finish when the server stops.
    private static let stopGrace = Duration.seconds(10)

    /// The master has this long to end the heartbeat stream in order.
    private static let leaveLimit = Duration.seconds(5)

    /// What runs between start and stop.
    private struct Running {
        let threads: DiskThreads
        let peers: PeerPool
        let master: Peer
        let session: MasterSession
        let server: RPCServer
        /// The session, which ends when it is asked to.
        let sessionTask: Task<Void, Never>
        /// All other work, which ends when it is cancelled.
        let workTask: Task<Void, Never>
    }

    private let settings: ChunkServerSettings
    private let logger: Logger
    private let group: MultiThreadedEventLoopGroup
    private let running = Mutex<Running?>(nil)

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
        let threads = DiskThreads(count: settings.diskThreadCount)
        do {
            return try await start(threads)
        } catch {
            if running.withLock({ $0 == nil }) { await threads.stop() }
            throw error
        }
    }

    private func start(_ threads: DiskThreads) async throws -> UInt16 {
        let store = try await openStore(threads)
        let changes = ChangeSignal()
        let tasks = NodeTasks(
            replicationLimits: settings.replication, breakerLimits: settings.deletionBreaker,
            settlingTime: settings.goSettlingTime, changes: changes, logger: logger)
        let peers = PeerPool(group: group, logger: logger)
        let master = Peer(
            address: settings.master, role: "master", group: group, configuration: Self.masterChannel, logger: logger)
        // Its address may depend on the port that the system chooses, and the services need the session.
        let address = LateAddress()
        let session = MasterSession(
            address: address, nodeID: store.nodeID, peer: master, store: store, threads: threads, tasks: tasks,
            changes: changes, heartbeatInterval: settings.heartbeatInterval, logger: logger)
        let server = RPCServer(
            routes: routes(store, threads, session), configuration: Self.serverConfiguration, group: group,
            logger: logger)
        let port = try await listen(server)
        address.set(settings.advertise ?? ServerAddress(host: settings.listen.host, port: port))

        let sessionTask = Task { await session.run() }
        let workTask = Task { [logger] in
            await withDiscardingTaskGroup { group in
                group.addTask {
                    await ReplicationWorker(
                        tasks: tasks, store: store, threads: threads, peers: peers, changes: changes, logger: logger
                    ).run()
                }
                group.addTask {
                    await DeletionWorker(tasks: tasks, store: store, threads: threads, changes: changes, logger: logger)
                        .run()
                }
                group.addTask {
                    await Housekeeper(store: store, threads: threads, master: session, logger: logger).run()
                }
            }
        }
        running.withLock {
            $0 = Running(
                threads: threads, peers: peers, master: master, session: session, server: server,
                sessionTask: sessionTask, workTask: workTask)
        }
        logger.info(
            "chunk server ready",
            metadata: [
                "listen": "\(ServerAddress(host: settings.listen.host, port: port))", "address": "\(address.text)",
                "dir": "\(settings.folder)", "node": "\(store.nodeID)",
            ])
        return port
    }

    private func listen(_ server: RPCServer) async throws -> UInt16 {
        do {
            return try await server.listen(host: settings.listen.host, port: settings.listen.port)
        } catch let error as RPCError {
            throw DFSError(.init(error.code, message: error.message), error.message)
        }
    }

    private func openStore(_ threads: DiskThreads) async throws -> ChunkStore {
        let settings = settings
        let store = try await threads.run {
            try ChunkStore(
                root: settings.folder, files: settings.files, settings: settings.store,
                wallClock: WallSeconds.now, newNodeID: NodeID.random())
        }
        let found = store.startReport
        if found.temporariesRemoved > 0 {
            logger.info("removed what unfinished uploads left", metadata: ["files": "\(found.temporariesRemoved)"])
        }
        if !found.ignored.isEmpty {
            let names = found.ignored.sorted().prefix(5).joined(separator: " ")
            logger.warning(
                "names in the folder that are no chunks are left alone",
                metadata: ["count": "\(found.ignored.count)", "first": "\(names)"])
        }
        logger.info(
            "chunks found", metadata: ["complete": "\(found.complete)", "unverified": "\(found.unverified)"])
        return store
    }

    private func routes(_ store: ChunkStore, _ threads: DiskThreads, _ session: MasterSession) -> ServiceRoutes {
        var routes = ServiceRoutes()
        UploadService(
            store: store, threads: threads, master: session, budget: WriteBudget(byteCount: settings.writeBudget),
            stallLimit: settings.stallLimit, logger: logger
        ).add(to: &routes)
        DownloadService(store: store, threads: threads, changes: session.changes, stallLimit: settings.stallLimit)
            .add(to: &routes)
        NodeService(nodeID: store.nodeID, master: session).add(to: &routes)
        return routes
    }

    /// Takes no new call, lets those under way finish for a bounded time, leaves the master in order, closes everything.
    package func stop() async {
        let running = running.withLock { running in
            defer { running = nil }
            return running
        }
        if let running {
            await running.server.shutdown(grace: Self.stopGrace)
            running.session.stop()
            await finish(running.sessionTask, within: Self.leaveLimit)
            running.workTask.cancel()
            await running.workTask.value
            await running.peers.close()
            await running.master.channel.close()
            await running.threads.stop()
        }
        try? await group.shutdownGracefully()
    }

    private func finish(_ task: Task<Void, Never>, within limit: Duration) async {
        let watch = Task {
            try await Task.sleep(for: limit)
            task.cancel()
        }
        await task.value
        watch.cancel()
    }

    /// Windows that hold a few messages, so that what clients have sent and no upload has taken stays small.
    private static var serverConfiguration: RPCServer.Configuration {
        var configuration = RPCServer.Configuration()
        configuration.http2.streamWindow = 2 << 20
        configuration.http2.connectionWindow = 8 << 20
        return configuration
    }

    /// Comes back quickly after a restart of the master.
    private static var masterChannel: ClientChannel.Configuration {
        var configuration = ClientChannel.Configuration()
        configuration.backoff.initial = .milliseconds(100)
        configuration.backoff.maximum = .seconds(1)
        return configuration
    }
}
