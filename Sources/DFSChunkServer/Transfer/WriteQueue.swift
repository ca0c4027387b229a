import DFSChunkStore
import DFSCore
import Synchronization

/// Brings the data of one upload from its event loop to the disk: in order, one write at a time, and one more waiting.
///
/// So an upload holds at most two queued batches and the one being filled, and the reader of the network waits when the
/// disk is slower.
final class WriteQueue: Sendable {
    /// Batches that are being written or waiting.
    private static let depth = 2

    private struct State {
        var waiting: [[UploadPiece]] = []
        var isWriting = false
        var failure: DFSError?
        /// Called when a place is free, or when nothing is left.
        var waiter: (untilEmpty: Bool, continuation: CheckedContinuation<Void, Never>)?

        var count: Int { waiting.count + (isWriting ? 1 : 0) }
    }

    private let writer: ChunkWriter
    private let threads: DiskThreads
    private let state = Mutex(State())

    init(writer: ChunkWriter, threads: DiskThreads) {
        self.writer = writer
        self.threads = threads
    }

    /// Queues a batch, after waiting for a place.
    ///
    /// - Throws: what an earlier write threw.
    func push(_ batch: [UploadPiece]) async throws(DFSError) {
        await wait(untilEmpty: false)
        let mustStart = try state.withLock { (state) throws(DFSError) -> Bool in
            if let failure = state.failure { throw failure }
            state.waiting.append(batch)
            defer { state.isWriting = true }
            return !state.isWriting
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
        state.withLock { $0.waiting = [] }
        await wait(untilEmpty: true)
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
                try writer.append(batch)
            } catch {
                state.withLock { state in
                    state.failure = state.failure ?? error
                    state.waiting = []
                }
            }
        }
    }

    /// Also wakes who waits for the place that this frees.
    private func nextBatch() -> [UploadPiece]? {
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
