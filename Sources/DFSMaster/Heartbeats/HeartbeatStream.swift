import DFSMetadata
import Synchronization

/// What is to be sent on one heartbeat stream: responses and pushed tasks, in order.
///
/// One task takes from it and one waits on it, so that a server which sends heartbeats but reads no responses is read no
/// further; the queue is bounded by that and by the tasks that a server may have outstanding.
final class HeartbeatStream: Sendable {
    private struct State {
        var batches: [TaskBatch] = []
        var answerCount = 0
        var isEnded = false
        var taker: CheckedContinuation<TaskBatch?, Never>?
        var waiter: (count: Int, continuation: CheckedContinuation<Void, Never>)?
    }

    let token: StreamToken
    private let state = Mutex(State())

    init(token: StreamToken) { self.token = token }

    /// Adds a message.
    func deliver(_ batch: TaskBatch) {
        let taker = state.withLock { state -> CheckedContinuation<TaskBatch?, Never>? in
            guard !state.isEnded else { return nil }
            guard let taker = state.taker else {
                state.batches.append(batch)
                return nil
            }
            state.taker = nil
            return taker
        }
        taker?.resume(returning: batch)
    }

    /// The next message to send; `nil` after ``end()``, once all that was delivered before is taken.
    func next() async -> TaskBatch? {
        await withCheckedContinuation { continuation in
            let result: TaskBatch?? = state.withLock { state in
                if !state.batches.isEmpty { return .some(state.batches.removeFirst()) }
                if state.isEnded { return .some(nil) }
                state.taker = continuation
                return nil
            }
            if let result { continuation.resume(returning: result) }
        }
    }

    /// Notes that a message was sent; tasks that were pushed unasked are no answers.
    func noteSent(_ batch: TaskBatch) {
        guard batch.isAnswer else { return }
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.answerCount += 1
            guard let waiter = state.waiter, waiter.count <= state.answerCount else { return nil }
            state.waiter = nil
            return waiter.continuation
        }
        waiter?.resume()
    }

    /// Waits until at least `count` heartbeats were answered, or the stream ended.
    func waitUntilAnswered(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let isReady = state.withLock { state in
                if state.isEnded || state.answerCount >= count { return true }
                state.waiter = (count, continuation)
                return false
            }
            if isReady { continuation.resume() }
        }
    }

    /// Nothing is delivered any more.
    func end() {
        let (taker, waiter) = state.withLock { state in
            state.isEnded = true
            defer {
                state.taker = nil
                state.waiter = nil
            }
            return (state.taker, state.waiter?.continuation)
        }
        taker?.resume(returning: nil)
        waiter?.resume()
    }
}
