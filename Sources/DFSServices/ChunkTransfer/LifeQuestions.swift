import DFSCore
import NIOCore
import RPC
import Synchronization

/// Makes a server that is alive send something now and then, while it takes an upload. Lives on the call's event loop, whose
/// timers cost most uploads less than a task that sleeps.
final class LifeQuestions {
    private let peer: Peer
    private let limit: Duration
    private var timer: RepeatedTask?
    private var question: Task<Void, Never>?
    private let answers = Answers()

    /// Whether the last question is over.
    private final class Answers: Sendable {
        let isAsking = Atomic<Bool>(false)
    }

    /// Starts to ask; on the call's event loop.
    ///
    /// - Parameter limit: in which something should come; it is asked four times as often, one question at a time.
    init(to peer: Peer, within limit: Duration, _ eventLoop: any EventLoop) {
        self.peer = peer
        self.limit = limit
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        let step = TimeAmount(limit / 4)
        timer = eventLoop.scheduleRepeatedTask(initialDelay: step, delay: step) { _ in bound.value.ask() }
    }

    /// Asks no more; nothing of it is left running but a question that is being cancelled.
    func stop() {
        timer?.cancel()
        timer = nil
        question?.cancel()
    }

    private func ask() {
        guard !answers.isAsking.exchange(true, ordering: .relaxed) else { return }
        question = Task { [peer, limit, answers] in
            _ = try? await peer.channel.describe(timeout: limit, peer: peer.name)
            answers.isAsking.store(false, ordering: .relaxed)
        }
    }
}
