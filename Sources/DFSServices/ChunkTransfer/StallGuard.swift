import DFSCore
import NIOCore
import RPC

/// Ends a call whose peer makes no progress, however long the whole call may take.
///
/// Only the time spent waiting for the peer counts: a caller that has nothing to send, or no room for what comes, does not
/// make its peer look dead. Lives on the call's event loop.
final class StallGuard {
    private let call: ClientCall
    /// Any change of this is progress, too.
    private let signsOfLife: () -> UInt64
    private var signsSeen: UInt64 = 0
    private let limit: TimeAmount
    private let peer: String
    private var waitingSince: NIODeadline?
    private var hasStalled = false
    private var timer: RepeatedTask?

    /// Starts to watch; on the call's event loop.
    ///
    /// - Parameter signsOfLife: a count that grows where the peer does anything at all; read on the event loop.
    init(
        call: ClientCall, limit: Duration, peer: String, eventLoop: any EventLoop,
        signsOfLife: @escaping () -> UInt64 = { 0 }
    ) {
        self.call = call
        self.signsOfLife = signsOfLife
        self.limit = TimeAmount(limit)
        self.peer = peer
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        let step = TimeAmount.nanoseconds(max(1_000_000, self.limit.nanoseconds / 4))
        timer = eventLoop.scheduleRepeatedTask(initialDelay: step, delay: step) { _ in bound.value.check() }
    }

    /// Ends the watch; the guard must not be used after this.
    func stop() {
        timer?.cancel()
        timer = nil
    }

    /// Waits for the peer.
    ///
    /// - Throws: what `body` throws; ``DFSError`` of code ``DFSError/Code/deadlineExceeded`` where the guard has ended it.
    func waiting<Result>(_ body: () async throws -> Result) async throws -> Result {
        waitingSince = .now()
        defer { waitingSince = nil }
        do {
            return try await body()
        } catch {
            guard hasStalled else { throw error }
            let seconds = Double(limit.nanoseconds) / 1e9
            throw DFSError(
                .deadlineExceeded, "\(peer): no progress for \(seconds) s", advice: .tryOtherReplica)
        }
    }

    private func check() {
        let signs = signsOfLife()
        if signs != signsSeen, waitingSince != nil { waitingSince = .now() }
        signsSeen = signs
        guard let waitingSince, .now() - waitingSince >= limit else { return }
        hasStalled = true
        stop()
        call.cancel()
    }
}
