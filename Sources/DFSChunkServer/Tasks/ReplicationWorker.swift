import DFSChunkStore
import DFSCore
import DFSServices
import Logging

/// Carries out replication tasks: streams a whole chunk to another server, a few at once.
struct ReplicationWorker: Sendable {
    let tasks: NodeTasks
    let store: ChunkStore
    let source: ChunkSource
    let peers: PeerPool
    let changes: ChangeSignal
    let logger: Logger
    private let clock = SystemClock()

    init(
        tasks: NodeTasks, store: ChunkStore, source: ChunkSource, peers: PeerPool, changes: ChangeSignal,
        logger: Logger
    ) {
        self.tasks = tasks
        self.store = store
        self.source = source
        self.peers = peers
        self.changes = changes
        self.logger = logger
    }

    /// Works until the task is cancelled, or until the last copy has ended after ``NodeTasks/handBackCopies()``.
    func run() async {
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled {
                while let task = next() {
                    group.addTask { await carryOut(task) }
                }
                if tasks.state.withLock({ $0.replication.isClosed }) { break }
                await changes.replication.wait()
            }
        }
    }

    private func next() -> ReplicationTasks.Task? {
        store.withCatalog { catalog in
            tasks.state.withLock { state in
                state.replication.next { id in
                    if catalog.stored(id) != nil { return .ready }
                    return catalog.isBeingWritten(id) ? .beingWritten : .absent
                }
            }
        }
    }

    private func carryOut(_ task: ReplicationTasks.Task) async {
        var succeeded = false
        do {
            try await copy(task)
            succeeded = true
            logger.info("chunk copied", metadata: ["chunk": "\(task.chunk)", "target": "\(task.target)"])
        } catch {
            logger.warning(
                "chunk not copied",
                metadata: ["chunk": "\(task.chunk)", "target": "\(task.target)", "error": "\(error)"])
        }
        let hasSucceeded = succeeded
        tasks.state.withLock { $0.replication.finish(task, succeeded: hasSucceeded, now: clock.now) }
        changes.replication.ring()
    }

    /// Announces length and checksum, so that a Swift target refuses anything else, and sends with each piece what is kept
    /// beside the chunk. It is compared here, too: a Go target compares nothing, and it is this copy that is damaged then.
    private func copy(_ task: ReplicationTasks.Task) async throws {
        let source = source
        let reader = try await source.open(task.chunk)
        let stored = reader.stored
        let request = ChunkUploadRequest(chunkID: task.chunk, length: Int(stored.length), crc32c: stored.crc32c)
        try await peers.withPeer(task.target) { target in
            try await target.kind().checkIsOther(than: store.nodeID, at: task.target)
            _ = try await target.uploadChunk(request) { upload in
                try await source.forEachPiece(of: reader, 0..<stored.length, comparing: true) { piece in
                    try await upload.send(piece.bytes, crc32c: piece.crc32c)
                }
            }
        }
    }
}
