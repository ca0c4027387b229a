import DFSChunkStore
import DFSCore
import DFSServices
import Logging
import Synchronization

/// The open chunks that this server is the primary of.
final class Primaries: Sendable {
    private struct State {
        var chunks: [ChunkID: PrimaryChunk] = [:]
        /// Begun and not running yet.
        var begun: [PrimaryChunk] = []
        var isStopping = false
        /// Ends when the last chunk has.
        var idle: CheckedContinuation<Void, Never>?
    }

    private let resources: PrimaryChunk.Resources
    private let state = Mutex(State())
    private let bell = Bell()

    init(resources: PrimaryChunk.Resources) {
        self.resources = resources
        resources.leases.onLoss { [weak self] id in self?.lost(id) }
    }

    /// The chunk, once it takes records.
    ///
    /// - Throws: code ``DFSError/Code/failedPrecondition`` where this server is not its primary, or knows it by another
    ///   version; ``DFSError/Code/unavailable`` where it takes no more.
    func primary(_ id: ChunkID, version: UInt64) async throws(DFSError) -> PrimaryChunk {
        let resources = resources
        let (chunk, isNew) = try state.withLock { (state) throws(DFSError) -> (PrimaryChunk, Bool) in
            if state.isStopping { throw Self.stopping }
            if let chunk = state.chunks[id] {
                guard chunk.version == version else {
                    throw DFSError(
                        .failedPrecondition, "chunk \(id) has version \(chunk.version) here, not \(version)",
                        advice: .refreshLocations)
                }
                return (chunk, false)
            }
            guard state.chunks.count < resources.store.maxOpenChunks else {
                throw DFSError(.resourceExhausted, "this server appends to too many chunks; try again later")
            }
            let chunk = PrimaryChunk(id: id, version: version, resources: resources)
            state.chunks[id] = chunk
            state.begun.append(chunk)
            return (chunk, true)
        }
        if isNew { bell.ring() }
        try await chunk.started()
        return chunk
    }

    /// What may be read of an open chunk now.
    ///
    /// - Throws: code ``DFSError/Code/unavailable`` unless this server is its primary and has its lease.
    func readable(_ id: ChunkID) throws(DFSError) -> (file: UnsealedChunk, length: Int64) {
        guard let chunk = state.withLock({ $0.chunks[id] }) else {
            throw DFSError(
                .unavailable, "chunk \(id) is open, and this server is not its primary; ask the master",
                advice: .refreshLocations)
        }
        return try chunk.readable()
    }

    /// The master has fenced the chunk: nothing more is acknowledged under a lower version.
    func fenced(_ id: ChunkID, at version: UInt64) {
        guard let chunk = state.withLock({ $0.chunks[id] }), chunk.version < version else { return }
        chunk.stop(chunk.over(.unavailable, "the master has fenced it"))
    }

    /// Serves chunks and renews their leases until the task is cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.resources.leases.run() }
            while !Task.isCancelled {
                let begun = state.withLock { state in
                    defer { state.begun = [] }
                    return state.begun
                }
                for chunk in begun {
                    group.addTask {
                        await chunk.run()
                        self.remove(chunk)
                    }
                }
                await bell.wait()
            }
            for chunk in state.withLock({ Array($0.chunks.values) }) { chunk.stop(Self.stopping) }
        }
    }

    /// Finishes what is under way, and gives all chunks up: when this returns the master knows, as far as it could be
    /// reached.
    ///
    /// - Parameter limit: chunks that take longer end without an acknowledgement of the rest.
    func drain(within limit: Duration) async {
        let chunks = state.withLock { state in
            state.isStopping = true
            return Array(state.chunks.values)
        }
        for chunk in chunks { chunk.close(Self.stopping) }
        let watch = Task {
            try await Task.sleep(for: limit)
            for chunk in chunks { chunk.stop(Self.stopping) }
        }
        await withCheckedContinuation { continuation in
            let isIdle = state.withLock { state in
                if state.chunks.isEmpty { return true }
                state.idle = continuation
                return false
            }
            if isIdle { continuation.resume() }
        }
        watch.cancel()
        await resources.leases.finish(within: limit)
    }

    private func lost(_ id: ChunkID) {
        guard let chunk = state.withLock({ $0.chunks[id] }) else { return }
        chunk.stop(chunk.over(.unavailable, "this server is no longer its primary"))
    }

    private func remove(_ chunk: PrimaryChunk) {
        let idle = state.withLock { state -> CheckedContinuation<Void, Never>? in
            if state.chunks[chunk.id] === chunk { state.chunks[chunk.id] = nil }
            guard state.chunks.isEmpty else { return nil }
            defer { state.idle = nil }
            return state.idle
        }
        idle?.resume()
    }

    private static let stopping = DFSError(
        .unavailable, "this chunk server is stopping; ask the master where to append", advice: .refreshLocations)
}
