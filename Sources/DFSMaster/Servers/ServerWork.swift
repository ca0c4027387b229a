import DFSCore
import DFSMetadata
import DFSServices
import Logging
import Synchronization

/// What the master asks of chunk servers by calls of its own: who they are, what a chunk on a Go server holds, and to bring
/// open chunks to their end.
///
/// The state bounds how much of it there is at one time; each piece runs as a child task of ``run()``.
final class ServerWork: Sendable {
    enum Job: Sendable {
        case describe(ServerAddress)
        case readBack(ChunkID, ServerAddress)
        case fence(OpenVersion, ServerAddress)
        case seal(OpenVersion, length: UInt64, ServerAddress)
    }

    private let peers: PeerPool
    private let logger: Logger
    private let jobs: AsyncStream<Job>
    private let queue: AsyncStream<Job>.Continuation

    init(peers: PeerPool, logger: Logger) {
        self.peers = peers
        self.logger = logger
        (jobs, queue) = AsyncStream.makeStream()
    }

    func add(_ job: Job) { queue.yield(job) }

    /// Does the jobs as they come, until the task is cancelled.
    func run(reportingTo metadata: MetadataManager) async {
        await withDiscardingTaskGroup { tasks in
            for await job in jobs {
                tasks.addTask { await self.perform(job, metadata) }
            }
            tasks.cancelAll()
        }
    }

    private func perform(_ job: Job, _ metadata: MetadataManager) async {
        switch job {
        case .describe(let address):
            let (kind, nodeID) = await describe(address)
            metadata.post(.described(address, kind, nodeID: nodeID))
        case .readBack(let chunk, let address):
            metadata.post(.readBack(chunk, at: address, await read(chunk, at: address)))
        case .fence(let chunk, let address):
            metadata.post(.fenced(chunk, at: address, await openChunks.fence(chunk, at: address)))
        case .seal(let chunk, let length, let address):
            let crc32c = await openChunks.seal(chunk, length: length, at: address)
            metadata.post(.chunkSealed(chunk, length: length, at: address, crc32c: crc32c))
        }
    }

    private var openChunks: OpenChunkWork { OpenChunkWork(peers: peers, logger: logger) }

    private func describe(_ address: ServerAddress) async -> (NodeKind, nodeID: String) {
        do {
            let kind = try await peers.withPeer(address) { peer in
                // Asked anew: the server has a new connection, so it may be another one.
                peer.forgetKind()
                return try await peer.kind(timeout: .seconds(5))
            }
            guard case .swift(let response) = kind else { return (.go, "") }
            return (.swift, response.nodeID)
        } catch {
            logger.warning(
                "cannot ask a chunk server who it is", metadata: ["server": "\(address)", "error": "\(error)"])
            return (.unknown, "")
        }
    }

    private func read(_ chunk: ChunkID, at address: ServerAddress) async -> Finding {
        let progress = ReadProgress()
        do {
            return try await peers.withPeer(address) { peer in
                try await peer.downloadChunk(ChunkDownloadRequest(chunkID: chunk)) { download in
                    while let piece = try await download.next() { progress.take(piece) }
                    return .read(progress.digest)
                }
            }
        } catch {
            logger.debug(
                "cannot read a chunk back",
                metadata: ["chunk": "\(chunk)", "server": "\(address)", "error": "\(error)"])
            return progress.finding(after: error)
        }
    }
}
