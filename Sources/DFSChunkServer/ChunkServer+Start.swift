import DFSChunkStore
import DFSCore
import DFSFiles
import DFSServices
import Logging
import Monitoring
import RPC

// What starting consists of.
extension ChunkServer {
    func listen(_ server: RPCServer) async throws -> UInt16 {
        do {
            return try await server.listen(host: settings.listen.host, port: settings.listen.port)
        } catch let error as RPCError {
            throw DFSError(.init(error.code, message: error.message), error.message)
        }
    }

    /// The TLS port, or 0 without one. The plaintext listener is closed where it fails.
    func listenSecurely(_ server: RPCServer) async throws -> UInt16 {
        guard let tls = settings.tls else { return 0 }
        do {
            let port = try await server.listen(tls, logger: logger)
            logger.info("TLS ready", metadata: ["listen": "\(ServerAddress(host: tls.listen.host, port: port))"])
            return port
        } catch {
            await server.shutdown(grace: .zero)
            throw error
        }
    }

    /// Serves the pages where the settings ask for them; the listeners of `server` are closed where that fails.
    func showPages(_ pages: ChunkServerPages, _ server: RPCServer) async throws -> StatusServer? {
        guard let address = settings.httpListen else { return nil }
        let shown = StatusServer(pages: pages.pages, group: group)
        do {
            let port = try await shown.listen(address)
            logger.info("HTTP ready", metadata: ["listen": "\(ServerAddress(host: address.host, port: port))"])
            return shown
        } catch {
            await server.shutdown(grace: .zero)
            throw error
        }
    }

    func openStore(_ threads: DiskThreads) async throws -> ChunkStore {
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
        if found.open > 0 {
            logger.info("open chunks wait to be sealed", metadata: ["count": "\(found.open)"])
        }
        logUnreadable(found)
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

    private func logUnreadable(_ found: ChunkStore.StartReport) {
        let kinds = [
            (found.unreadable, "files of chunks cannot be read: they are not served, and copied from other servers"),
            (found.openUnreadable, "files of open chunks cannot be read: nothing is told of these chunks"),
        ]
        for (unreadable, text) in kinds {
            for file in unreadable.prefix(5) {
                logger.error(
                    "a chunk cannot be read", metadata: ["chunk": "\(file.id)", "error": "\(file.error)"])
            }
            if !unreadable.isEmpty { logger.error("\(text)", metadata: ["count": "\(unreadable.count)"]) }
        }
        for id in found.damagedSeals {
            logger.error("a chunk is damaged: its bytes are not those that were sealed", metadata: ["chunk": "\(id)"])
        }
        if let first = found.leftovers.first {
            logger.warning(
                "files that are of no use any more could not be removed",
                metadata: ["count": "\(found.leftovers.count)", "error": "\(first)"])
        }
    }

    /// Opens the socket for readers on this machine. Without it they read over the network, so it stops nobody.
    func lendFiles(of store: ChunkStore) async -> ShortCircuitSocket? {
        guard settings.lendsFiles else { return nil }
        do {
            return try await ShortCircuitSocket.listen(in: store.ownFolder, group: group)
        } catch {
            logger.warning(
                "readers on this machine get no files and read over the network",
                metadata: ["error": "\(error)"])
            return nil
        }
    }

    func routes(
        _ store: ChunkStore, _ threads: ServerThreads, _ session: MasterSession, _ chainPeers: ChainPeers,
        _ source: ChunkSource, _ appending: Appending, _ shortCircuit: ShortCircuitSocket?
    ) -> ServiceRoutes {
        var routes = ServiceRoutes()
        UploadService(
            store: store, threads: threads.bulk, source: source, master: session,
            budget: WriteBudget(byteCount: settings.writeBudget),
            chainPeers: chainPeers, forwardSlots: Slots(count: settings.maxForwardedUploads),
            stallLimit: settings.stallLimit, chainPatience: settings.chainPatience, logger: logger
        ).add(to: &routes)
        DownloadService(
            source: source, primaries: appending.primaries, changes: session.changes, stallLimit: settings.stallLimit,
            slots: Slots(count: settings.maxDownloads)
        ).add(to: &routes)
        ReplicaService(suspicions: source.suspicions).add(to: &routes)
        LendService(source: source, socket: shortCircuit).add(to: &routes)
        AppendService(primaries: appending.primaries, stallLimit: settings.stallLimit).add(to: &routes)
        ReplicateService(
            store: store, threads: threads.append, changes: session.changes, stopping: appending.stopping
        ).add(to: &routes)
        OpenChunkService(
            store: store, threads: threads.append, primaries: appending.primaries, changes: session.changes,
            suspicions: source.suspicions, logger: logger
        ).add(to: &routes)
        NodeService(nodeID: store.nodeID, location: settings.location, master: session).add(to: &routes)
        standard.add(to: &routes)
        return routes
    }

    /// Windows that hold a few messages, so that what clients have sent and no upload has taken stays small.
    func serverConfiguration(_ calls: CallMetrics?) -> RPCServer.Configuration {
        var configuration = RPCServer.Configuration()
        if let calls { configuration.interceptors = [calls] }
        configuration.http2.streamWindow = 2 << 20
        configuration.http2.connectionWindow = 8 << 20
        return configuration
    }

    /// Comes back quickly after a restart of the master.
    static var masterChannel: ClientChannel.Configuration {
        var configuration = ClientChannel.Configuration()
        configuration.backoff = .withinCluster
        return configuration
    }
}
