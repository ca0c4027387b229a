import NIOCore

/// Tries the addresses in order until one takes a connection, and stays with it until it is lost. When a whole pass has
/// failed, the next one begins after the connection back-off.
///
/// States: resting (nothing under way), passing (an attempt at one index), settled.
struct PickFirst: BalancingPolicy {
    private enum State {
        case resting
        case passing(Int)
        case settled(Int)
    }

    private let backoff: ConnectionBackoff
    private var state = State.resting
    private var failedPasses = 0
    private var failure: (error: RPCError, until: NIODeadline)?

    init(backoff: ConnectionBackoff) { self.backoff = backoff }

    mutating func pick(_ subchannels: [any Subchannel], now: NIODeadline) -> Pick {
        if case .settled(let index) = state {
            if subchannels[index].connectivity == .ready { return .use(index) }
            state = .resting
        }
        // A connection that was made and lost again while nobody looked is no failed attempt.
        if case .passing(let index) = state, subchannels[index].connectivity == .idle { state = .resting }
        if case .resting = state {
            if let failure, now < failure.until { return .fail(failure.error, until: failure.until) }
            begin(0, subchannels)
        }
        return advance(subchannels, now)
    }

    /// What failed at the old addresses says nothing of the new ones: they are tried at once.
    mutating func addressesChanged() {
        state = .resting
        failedPasses = 0
        failure = nil
    }

    private mutating func begin(_ index: Int, _ subchannels: [any Subchannel]) {
        state = .passing(index)
        subchannels[index].connectNow()
    }

    private mutating func advance(_ subchannels: [any Subchannel], _ now: NIODeadline) -> Pick {
        var last = RPCError(.unavailable, "no address takes a connection")
        while case .passing(let index) = state {
            switch subchannels[index].connectivity {
            case .ready:
                state = .settled(index)
                failedPasses = 0
                failure = nil
                return .use(index)
            case .connecting: return .wait
            case .failed(let error, _): last = error
            case .idle: break
            }
            if index + 1 < subchannels.count { begin(index + 1, subchannels) } else { state = .resting }
        }
        failedPasses += 1
        let delay = backoff.delay(failureCount: failedPasses, random: .random(in: -1...1))
        let until = now + TimeAmount(delay)
        failure = (last, until)
        return .fail(last, until: until)
    }
}
