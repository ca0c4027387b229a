import DFSChunkStore
import DFSCore
import DFSServices
import DFSWire
import Logging
import RPC
import Synchronization

/// This node's standing with its master: finds out what the master is, keeps a heartbeat stream open, comes back after
/// any loss, and tells of each finished chunk.
final class MasterSession: Sendable {
    struct State {
        var isStopping = false
        /// What the master is, while a session with it stands.
        var kind: PeerKind?
        var clusterID = ""
        /// Finished chunks that a Swift master did not confirm in time.
        var unconfirmed: Set<ChunkID> = []
        /// Chunks that were found damaged, as long as a Swift master has not been told. Its lists tell it, too, later.
        var undeclaredDamage: Set<ChunkID> = []
        /// Full reports that were sent to masters that take differences.
        var fullReports = 0
        /// Differences that were.
        var differences = 0
        /// Uploads begun by clients that send a chunk to one server only.
        var soleArrivals: UInt64 = 0
    }

    private let lateAddress: LateAddress
    let nodeID: String
    let peer: Peer
    let store: ChunkStore
    /// Blocks on the disk, for what is to be put into quarantine.
    let threads: DiskThreads
    /// Makes reports of all chunks.
    let reportThreads: DiskThreads
    let disk: DiskWatch
    let tasks: NodeTasks
    let suspicions: Suspicions
    let changes: ChangeSignal
    let heartbeatInterval: Duration
    /// How long an upload waits for the master to take note of its chunk.
    let reportLimit: Duration
    let clock = SystemClock()
    let logger: Logger
    let state = Mutex(State())

    init(
        address: LateAddress, nodeID: String, peer: Peer, store: ChunkStore, threads: ServerThreads,
        disk: DiskWatch, tasks: NodeTasks, suspicions: Suspicions, changes: ChangeSignal, heartbeatInterval: Duration,
        reportLimit: Duration,
        logger: Logger
    ) {
        lateAddress = address
        self.nodeID = nodeID
        self.peer = peer
        self.store = store
        self.threads = threads.bulk
        reportThreads = threads.heartbeat
        self.disk = disk
        self.tasks = tasks
        self.suspicions = suspicions
        self.changes = changes
        self.heartbeatInterval = heartbeatInterval
        self.reportLimit = reportLimit
        self.logger = logger
    }

    /// The cluster that the master said this node is in; empty before.
    var clusterID: String { state.withLock { $0.clusterID } }

    /// What the master and its clients dial.
    var address: String { lateAddress.text }

    /// Where clients may speak TLS to this node; 0 for nowhere.
    var tlsPort: UInt16 { lateAddress.tlsPort }

    var isStopping: Bool { state.withLock { $0.isStopping } }

    /// Whether a session with a master stands.
    var hasMaster: Bool { state.withLock { $0.kind != nil } }

    /// Whether a session with a Swift master stands.
    var isMasterSwift: Bool { state.withLock { $0.kind?.isSwift == true } }

    /// Keeps the standing until ``stop()``.
    func run() async {
        var pacer = RetryPacer()
        var lastFailure = ""
        while !isStopping {
            let began = clock.now
            do {
                try await serveOnce()
            } catch {
                let error = DFSError(error, from: peer.name)
                // A master that stays away is told once, not with each attempt.
                let hadSession = state.withLock { $0.kind != nil }
                let level: Logger.Level = "\(error)" == lastFailure && !hadSession ? .debug : .warning
                lastFailure = "\(error)"
                logger.log(
                    level: level, "no session with the master",
                    metadata: ["master": "\(peer.address)", "error": "\(error)"])
            }
            // Uploads that end after the farewell are still reported.
            if isStopping { return }
            state.withLock { $0.kind = nil }
            peer.forgetKind()
            let delay = pacer.delay(afterSessionOf: clock.now - began, random: .random(in: 0...1))
            await pause(delay)
        }
    }

    /// Asks ``run()`` to end: a last heartbeat is sent, and the stream half-closed and read to its end first.
    func stop() {
        state.withLock { $0.isStopping = true }
        changes.session.ring()
    }

    /// One session, from the first question to the loss of the master.
    private func serveOnce() async throws {
        let kind = try await peer.kind()
        logger.info("master found", metadata: ["master": "\(peer.address)", "kind": kind.isSwift ? "swift" : "go"])
        if case .swift(let description) = kind, description.takesDifferences {
            noteCluster(description.clusterID)
            return try await InventoryStream(session: self, kind: kind).run()
        }
        do {
            try await HeartbeatStream(session: self, kind: kind).run()
        } catch  where DFSError(error, from: peer.name).code == .failedPrecondition {
            try await register(kind)
            try await HeartbeatStream(session: self, kind: kind).run()
        }
    }

    /// Tells a master that does not know this node of all its chunks. Never called unasked: a Go master does not forget
    /// what an earlier registration listed.
    private func register(_ kind: PeerKind) async throws {
        let list = try await heartbeat(for: kind)
        let request = RegisterChunkServerRequest(
            serverAddress: list.request.serverAddress, freeStorage: list.request.freeStorage,
            chunks: list.request.chunks)
        let response = try await peer.unary(
            Methods.registerChunkServer, request, as: RegisterChunkServerResponse.self,
            options: CallOptions(timeout: .seconds(10)))
        guard response.success else {
            throw DFSError(.unavailable, "\(peer.name) did not register this server")
        }
        logger.info("registered", metadata: ["master": "\(peer.address)", "chunks": "\(request.chunks.count)"])
    }

    /// The heartbeat of this moment, and the catalog's revision in it.
    ///
    /// A Go master must see a chunk from its first byte; a Swift master hears of whole chunks only.
    func heartbeat(for kind: PeerKind) async throws -> (request: HeartbeatRequest, revision: UInt64) {
        let freeMiB = try await disk.freeMiB()
        let (ids, revision) = store.withCatalog { catalog in
            (catalog.ids(includingUnfinished: !kind.isSwift).map(\.text), catalog.revision)
        }
        return (HeartbeatRequest(serverAddress: address, freeStorage: freeMiB, chunks: ids), revision)
    }

    /// An upload of a chunk has begun. Ours come with a length, and clients of ours send a chunk to all its servers; a
    /// Go client sends it to one.
    func noteArrival(_ id: ChunkID, isOurs: Bool) {
        if !isOurs { state.withLock { $0.soleArrivals += 1 } }
        noteUpload(id)
    }

    /// An upload of a chunk has begun or ended without success. A Swift master hears of chunks, not of uploads.
    func noteUpload(_ id: ChunkID) {
        tasks.noteUpload(id)
        if !isMasterSwift { changes.session.ring() }
    }

    /// Waits, unless the session is to end.
    private func pause(_ duration: Duration) async {
        let end = clock.now + duration
        while !isStopping, clock.now < end { await changes.session.wait(atMost: end - clock.now) }
    }
}
