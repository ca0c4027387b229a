import DFSChunkStore
import DFSCore
import Logging

/// Carries out delete tasks: into quarantine, past the breaker, and not while an upload of the chunk is under way.
struct DeletionWorker: Sendable {
    /// How often an operator's release of held deletions is looked for.
    private static let releaseCheck = Duration.seconds(2)

    let tasks: NodeTasks
    let store: ChunkStore
    let threads: DiskThreads
    let changes: ChangeSignal
    let logger: Logger

    init(tasks: NodeTasks, store: ChunkStore, threads: DiskThreads, changes: ChangeSignal, logger: Logger) {
        self.tasks = tasks
        self.store = store
        self.threads = threads
        self.changes = changes
        self.logger = logger
    }

    /// Works until the task is cancelled.
    ///
    /// What is left of an open chunk shows in no report, so that the master repeats no order that failed: it is tried again here.
    func run() async {
        var retries = DeletionRetries()
        while !Task.isCancelled {
            let orders = tasks.state.withLock { $0.deletions }
            for (id, order) in orders where retries.isDue(id, now: tasks.clock.now) {
                switch await delete(id, order) {
                case .failed: retries.failed(id, now: tasks.clock.now)
                // The end of the upload that it waits for rings.
                case .over, .waits: retries.ended(id)
                }
            }
            let (hasHeld, ids) = tasks.state.withLock { (!$0.held.isEmpty, $0.deletions.keys) }
            retries.keep(only: ids)
            let pause = retries.pause(now: tasks.clock.now)
            if pause != nil || hasHeld {
                let limit = hasHeld ? Self.releaseCheck : DeletionRetries.longestPause
                await changes.deletion.wait(atMost: min(pause ?? limit, limit))
                if hasHeld { await releaseIfAsked() }
            } else {
                await changes.deletion.wait()
            }
        }
    }

    private enum Outcome { case over, waits, failed }

    private func delete(_ id: ChunkID, _ order: DeletionOrder) async -> Outcome {
        if order.ground == .certain { store.neverOpenAgain(id) }
        let (isWritten, isOpen, isStored, count) = store.withCatalog { catalog in
            (catalog.isBeingWritten(id), catalog.isOpen(id), catalog.stored(id) != nil, catalog.storedCount)
        }
        // It stays among the tasks until the upload has ended.
        if isWritten { return .waits }
        let verdict = tasks.state.withLock { state in
            let order = state.deletions.removeValue(forKey: id)
            let isReleased = state.released.remove(id) != nil
            let now = tasks.clock.now
            guard let order, isStored || isOpen, !order.isStale(isOpen: isOpen, now: now) else {
                return DeletionBreaker.Verdict?.none
            }
            if isReleased { return .allowed }
            let verdict = state.breaker.request(chunkCount: count, now: now)
            if verdict != .allowed { state.held[id] = order }
            return verdict
        }
        switch verdict {
        case nil:
            logger.debug("no such chunk to delete, or the order is too old", metadata: ["chunk": "\(id)"])
        case .allowed: return await quarantine(id, order)
        case .tripped: logTrip(count)
        case .held: break
        }
        return .over
    }

    private func quarantine(_ id: ChunkID, _ order: DeletionOrder) async -> Outcome {
        let store = store
        do {
            let removal = try await threads.run {
                try store.deleteOpen(id, order.ground)
                return try store.quarantine(id, order.ground)
            }
            if removal == .busy {
                // The upload may have ended by now, and not have seen the order among the tasks: it is looked at again.
                tasks.keep(id, order)
                return .failed
            }
            logger.info("chunk deleted, kept in quarantine", metadata: ["chunk": "\(id)"])
        } catch {
            logger.error("cannot delete a chunk", metadata: ["chunk": "\(id)", "error": "\(error)"])
            if store.withCatalog({ $0.isOpen(id) }) {
                tasks.keep(id, order)
                return .failed
            }
        }
        changes.ring()
        return .over
    }

    private func logTrip(_ count: Int) {
        logger.error(
            "too many deletions at once: held, nothing more is deleted",
            metadata: [
                "chunks": "\(count)",
                "remedy": "check the master's metadata; to let them go: touch \(store.releaseFile)",
            ])
    }

    private func releaseIfAsked() async {
        let store = store
        guard (try? await threads.run({ try store.takeRelease() })) == true else { return }
        let count = tasks.state.withLock { state in
            state.breaker.release()
            state.deletions.merge(state.held) { waiting, _ in waiting }
            state.released.formUnion(state.held.keys)
            defer { state.held = [:] }
            return state.held.count
        }
        logger.notice("held deletions released by the operator", metadata: ["count": "\(count)"])
    }
}
