import DFSCore
import NIOCore
import RPC

/// Ends a call whose peer makes no progress, or too little, however long the whole call may take.
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
    /// Asked at each look, with how long the peer has been waited for so far; what it returns ends the call.
    private let judge: ((NIODeadline, TimeAmount) -> DFSError?)?
    private var waitingSince: NIODeadline?
    /// Waits that are over, and when the one now began; counted only where there is a judge.
    private var heldUp = TimeAmount.zero
    private var heldUpSince: NIODeadline?
    private var verdict: DFSError?
    private var timer: RepeatedTask?

    /// Starts to watch; on the call's event loop.
    ///
    /// - Parameters:
    ///   - signsOfLife: a count that grows where the peer does anything at all; read on the event loop.
    ///   - judge: sees on the event loop, ``LinkPace/looksPerWindow`` times within the limit, how long the peer has been
    ///     waited for in all, and may end the call.
    init(
        call: ClientCall, limit: Duration, peer: String, eventLoop: any EventLoop,
        signsOfLife: @escaping () -> UInt64 = { 0 }, judge: ((NIODeadline, TimeAmount) -> DFSError?)? = nil
    ) {
        self.call = call
        self.signsOfLife = signsOfLife
        self.judge = judge
        self.limit = TimeAmount(limit)
        self.peer = peer
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        let looks = judge == nil ? 4 : LinkPace.looksPerWindow
        let step = TimeAmount.nanoseconds(max(1_000_000, self.limit.nanoseconds / Int64(looks)))
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
        let start = NIODeadline.now()
        waitingSince = start
        heldUpSince = start
        defer {
            waitingSince = nil
            heldUpSince = nil
            if judge != nil { heldUp = heldUp + (.now() - start) }
        }
        do {
            return try await body()
        } catch {
            throw verdict ?? error
        }
    }

    private func check() {
        let now = NIODeadline.now()
        let signs = signsOfLife()
        if signs != signsSeen, waitingSince != nil { waitingSince = now }
        signsSeen = signs
        verdict = stallVerdict(now) ?? judge?(now, heldUp + (heldUpSince.map { now - $0 } ?? .zero))
        guard verdict != nil else { return }
        stop()
        call.cancel()
    }

    private func stallVerdict(_ now: NIODeadline) -> DFSError? {
        guard let waitingSince, now - waitingSince >= limit else { return nil }
        let seconds = Double(limit.nanoseconds) / 1e9
        return DFSError(.deadlineExceeded, "\(peer): no progress for \(seconds) s", advice: .tryOtherReplica)
    }
}
