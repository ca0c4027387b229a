import DFSChunkStore
import DFSCore
import Synchronization

/// Brings the data of one upload from its event loop to the disk: in order, one write at a time, and one more waiting.
///
/// So an upload holds at most two queued batches and the one being filled, all uploads together what the budget allows,
/// and the reader of the network waits when the disk is slower.
final class WriteQueue: Sendable {
    /// Batches that are being written or waiting.
    private static let depth = 2

    private struct Batch {
        let pieces: [UploadPiece]
        let byteCount: Int
    }

    private struct State {
        var waiting: [Batch] = []
        var isWriting = false
        var failure: DFSError?
        /// Called when a place is free, or when nothing is left.
        var waiter: (untilEmpty: Bool, continuation: CheckedContinuation<Void, Never>)?

        var count: Int { waiting.count + (isWriting ? 1 : 0) }
    }

    private let writer: ChunkWriter
    private let threads: DiskThreads
    private let budget: WriteBudget
    private let state = Mutex(State())

    init(writer: ChunkWriter, threads: DiskThreads, budget: WriteBudget) {
        self.writer = writer
        self.threads = threads
        self.budget = budget
    }

    /// Queues a batch of `byteCount` bytes, after waiting for a place.
    ///
    /// - Throws: what an earlier write threw.
    func push(_ pieces: [UploadPiece], byteCount: Int) async throws(DFSError) {
        await wait(untilEmpty: false)
        await budget.acquire(byteCount)
        let mustStart: Bool
        do throws(DFSError) {
            mustStart = try state.withLock { (state) throws(DFSError) -> Bool in
                if let failure = state.failure { throw failure }
                state.waiting.append(Batch(pieces: pieces, byteCount: byteCount))
                defer { state.isWriting = true }
                return !state.isWriting
            }
        } catch {
            budget.release(byteCount)
            throw error
        }
        if mustStart { threads.submit { isActive in self.writeAll(isActive) } }
    }

    /// Waits until all is written.
    ///
    /// - Throws: what a write threw.
    func finish() async throws(DFSError) {
        await wait(untilEmpty: true)
        if let failure = state.withLock({ $0.failure }) { throw failure }
    }

    /// Drops what waits and returns when nothing is being written.
    func stop() async {
        dropWaiting()
        await wait(untilEmpty: true)
    }

    private func dropWaiting(because failure: DFSError? = nil) {
        let dropped = state.withLock { state in
            state.failure = state.failure ?? failure
            defer { state.waiting = [] }
            return state.waiting
        }
        for batch in dropped { budget.release(batch.byteCount) }
    }

    private func wait(untilEmpty: Bool) async {
        await withCheckedContinuation { continuation in
            let isDone = state.withLock { state in
                if Self.isSatisfied(state, untilEmpty: untilEmpty) { return true }
                state.waiter = (untilEmpty, continuation)
                return false
            }
            if isDone { continuation.resume() }
        }
    }

    private static func isSatisfied(_ state: State, untilEmpty: Bool) -> Bool {
        untilEmpty ? state.count == 0 : state.count < depth
    }

    /// On a disk thread: writes batches until none waits.
    private func writeAll(_ isActive: Bool) {
        while let batch = nextBatch() {
            do throws(DFSError) {
                guard isActive else { throw DFSError(.unavailable, "the chunk server is stopping") }
                try writer.append(batch.pieces)
            } catch {
                dropWaiting(because: error)
            }
            budget.release(batch.byteCount)
        }
    }

    /// Also wakes who waits for the place that this frees.
    private func nextBatch() -> Batch? {
        let (batch, waiter) = state.withLock { state in
            let batch = state.waiting.isEmpty ? nil : state.waiting.removeFirst()
            state.isWriting = batch != nil
            var waiter: CheckedContinuation<Void, Never>?
            if let waiting = state.waiter, Self.isSatisfied(state, untilEmpty: waiting.untilEmpty) {
                waiter = waiting.continuation
                state.waiter = nil
            }
            return (batch, waiter)
        }
        waiter?.resume()
        return batch
    }
}
