import NIOCore

/// Keeps connections to all addresses and gives the calls to those that are ready, in turn. An address that fails is left
/// out, and tried again after its own back-off.
struct RoundRobin: BalancingPolicy {
    private var turn = Int.random(in: 0..<1 << 16)

    mutating func pick(_ subchannels: [any Subchannel], now: NIODeadline) -> Pick {
        for subchannel in subchannels {
            switch subchannel.connectivity {
            case .idle: subchannel.connectNow()
            case .failed(_, let until) where until <= now: subchannel.connectNow()
            default: break
            }
        }
        turn += 1
        for step in subchannels.indices {
            let index = (turn + step) % subchannels.count
            if subchannels[index].connectivity == .ready {
                turn = index
                return .use(index)
            }
        }
        return whenNoneIsReady(subchannels)
    }

    mutating func addressesChanged() {}

    /// Waits while any attempt is under way; otherwise the first to be tried again says how long nobody can be reached.
    private func whenNoneIsReady(_ subchannels: [any Subchannel]) -> Pick {
        var soonest: (error: RPCError, until: NIODeadline)?
        for subchannel in subchannels {
            guard case .failed(let error, let until) = subchannel.connectivity else { return .wait }
            if until < soonest?.until ?? .distantFuture { soonest = (error, until) }
        }
        guard let soonest else { return .wait }
        return .fail(soonest.error, until: soonest.until)
    }
}
