import DFSCore
import NIOCore
import RPC

/// Makes a server that is alive send something now and then, while it takes an upload. Lives on the call's event loop, whose
/// timers cost most uploads less than a task that sleeps.
final class LifeQuestions {
    private let peer: Peer
    private let limit: Duration
    private var timer: RepeatedTask?
    private var question: Task<Void, Never>?

    /// Starts to ask; on the call's event loop.
    ///
    /// - Parameter limit: in which something should come; it is asked four times as often, one question at a time.
    init(to peer: Peer, within limit: Duration, _ eventLoop: any EventLoop) {
        self.peer = peer
        self.limit = limit
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        let step = TimeAmount(limit / 4)
        timer = eventLoop.scheduleRepeatedTask(initialDelay: step, delay: step) { _ in bound.value.ask(bound) }
    }

    /// Asks no more; nothing of it is left running but a question that is being cancelled.
    func stop() {
        timer?.cancel()
        timer = nil
        question?.cancel()
    }

    private func ask(_ bound: NIOLoopBound<LifeQuestions>) {
        guard question == nil else { return }
        let (peer, limit, eventLoop) = (peer, limit, peer.channel.executor.eventLoop)
        question = Task {
            _ = try? await peer.channel.describe(timeout: limit, peer: peer.name)
            eventLoop.execute { bound.value.question = nil }
        }
    }
}
