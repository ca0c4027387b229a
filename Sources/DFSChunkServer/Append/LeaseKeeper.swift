import DFSCore
import DFSServices
import DFSWire
import Logging
import RPC
import Synchronization

/// Asks the master for leases on open chunks, renews them all in one call, and tells it of chunks that are given up.
final class LeaseKeeper: Sendable {
    /// Between two attempts to reach the master.
    private static let retryPause = Duration.milliseconds(200)

    private struct State {
        var table = LeaseTable()
        var onLoss: (@Sendable (ChunkID) -> Void)?
        var isStopping = false
    }

    private let session: MasterSession
    private let settings: AppendSettings
    private let logger: Logger
    private let state = Mutex(State())
    private let bell = Bell()

    init(session: MasterSession, settings: AppendSettings, logger: Logger) {
        self.session = session
        self.settings = settings
        self.logger = logger
    }

    /// - Parameter body: is told, on any thread, of each lease that was refused or has run out.
    func onLoss(_ body: @escaping @Sendable (ChunkID) -> Void) { state.withLock { $0.onLoss = body } }

    /// Whether this server may acknowledge for the chunk, and let it be read, at this moment.
    func isValid(_ id: ChunkID, version: UInt64) -> Bool {
        let now = settings.clock.now
        return state.withLock { $0.table.isValid(id, version: version, now: now) }
    }

    /// Becomes the primary of a chunk.
    ///
    /// - Throws: code ``DFSError/Code/failedPrecondition`` where the master refuses, or knows no leases;
    ///   ``DFSError/Code/unavailable`` where it does not answer.
    func acquire(_ id: ChunkID, version: UInt64) async throws(DFSError) -> Lease {
        state.withLock { $0.table.want(id, version: version) }
        do throws(DFSError) {
            let chunk = OpenChunkVersion(chunkID: id.text, version: version)
            let answer = try await ask(
                RenewLeasesRequest(serverAddress: session.address, nodeID: session.nodeID, held: [chunk]))
            guard let lease = answer.granted.first(where: { $0.chunk == chunk }),
                (1...UploadChain.maxCount).contains(lease.servers.count),
                isValid(id, version: version)
            else {
                throw DFSError(
                    .failedPrecondition,
                    "this server is not the primary of chunk \(id), version \(version); ask the master",
                    advice: .refreshLocations)
            }
            bell.ring()
            return lease
        } catch {
            if error.code == .failedPrecondition {
                state.withLock { $0.table.forget(id) }
            } else {
                // Where the answer was lost, the master may have granted it.
                end(id, version: version, failed: [])
            }
            throw error
        }
    }

    /// Gives a chunk up; the master hears of it as soon as it can.
    func end(_ id: ChunkID, version: UInt64, failed: [String]) {
        state.withLock { $0.table.end(id, version: version, failed: failed) }
        bell.ring()
    }

    /// Renews leases until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            reportLoss(state.withLock { $0.table.expire(now: settings.clock.now) })
            let (wait, hasEnded) = state.withLock {
                ($0.table.timeToRenewal(now: settings.clock.now), $0.table.hasEnded)
            }
            if hasEnded || wait == .zero {
                await renewOnce()
            } else if let wait {
                await bell.wait(atMost: wait)
            } else {
                await bell.wait()
            }
        }
    }

    /// Tells the master of what was given up, so that writers go on elsewhere at once. Waits for `limit` at most.
    func finish(within limit: Duration) async {
        guard state.withLock({ $0.table.hasEnded }) else { return }
        await withTaskGroup { group in
            group.addTask { await self.renewOnce() }
            group.addTask { try? await Task.sleep(for: limit) }
            await group.next()
            group.cancelAll()
        }
    }

    private func renewOnce() async {
        let request = state.withLock { $0.table.request(address: session.address, nodeID: session.nodeID) }
        do {
            _ = try await ask(request)
        } catch {
            logger.warning("leases not renewed", metadata: ["error": "\(error)"])
            try? await Task.sleep(for: Self.retryPause)
        }
    }

    private func ask(_ request: RenewLeasesRequest) async throws(DFSError) -> RenewLeasesResponse {
        let askedAt = settings.clock.now
        let answer = try await session.renewLeases(request, limit: settings.leaseAnswerLimit)
        reportLoss(state.withLock { $0.table.apply(answer, to: request, askedAt: askedAt) })
        return answer
    }

    private func reportLoss(_ lost: [ChunkID]) {
        guard !lost.isEmpty, let onLoss = state.withLock({ $0.onLoss }) else { return }
        for id in lost { onLoss(id) }
    }
}

extension MasterSession {
    /// Asks a Swift master for leases.
    ///
    /// - Throws: code ``DFSError/Code/failedPrecondition`` under a Go master, ``DFSError/Code/unavailable`` where the master is
    ///   away.
    func renewLeases(_ request: RenewLeasesRequest, limit: Duration) async throws(DFSError) -> RenewLeasesResponse {
        let kind = state.withLock { $0.kind }
        guard kind?.isSwift != false else { throw Self.knowsNoAppending(peer.name) }
        do {
            return try await peer.unary(Methods.renewLeases, request, options: CallOptions(timeout: limit))
        } catch {
            throw error.code == .unimplemented ? Self.knowsNoAppending(peer.name) : error
        }
    }

    private static func knowsNoAppending(_ master: String) -> DFSError {
        DFSError(
            .failedPrecondition, "\(master) is a Go node or too old, and knows no appending; run a Swift master",
            advice: .giveUp)
    }
}
