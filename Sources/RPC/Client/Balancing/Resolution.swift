import NIOCore
import NIOPosix

/// The addresses of a target as they are known, and when they may be looked up again. Lives on the event loop.
///
/// A target of addresses is known from the beginning and never looked up.
final class Resolution {
    typealias Lookup = @Sendable () throws -> [TargetAddress]

    private let eventLoop: any EventLoop
    /// `nil` where there is nothing to look up. Blocks.
    private let lookup: Lookup?
    private let minInterval: TimeAmount
    private let backoff: ConnectionBackoff
    private var failureCount = 0
    private var lastLookup: NIODeadline?
    private var isRunning = false
    private var isWanted = false
    private(set) var addresses: [TargetAddress]
    /// Why there are no addresses, and until when nobody asks again.
    private(set) var failure: (error: RPCError, until: NIODeadline)?

    /// - Parameter minInterval: between lookups that a lost connection asks for.
    init(
        place: Target.Place, minInterval: Duration, backoff: ConnectionBackoff, eventLoop: any EventLoop,
        lookup: Lookup? = nil
    ) {
        self.eventLoop = eventLoop
        self.minInterval = TimeAmount(minInterval)
        self.backoff = backoff
        switch place {
        case .addresses(let addresses):
            self.addresses = addresses
            self.lookup = nil
        case .name(let host, let port):
            addresses = []
            self.lookup = lookup ?? { try NameLookup.addresses(of: host, port: port) }
        }
    }

    /// To be told when a connection was lost or could not be made: the name may mean other addresses now.
    func askAgain() { isWanted = lookup != nil }

    /// Looks the name up where that is wanted and allowed now; `done` is called when the outcome is there.
    func runIfDue(now: NIODeadline, done: @escaping (Resolution) -> Void) {
        guard let lookup, !isRunning, addresses.isEmpty || isWanted else { return }
        if addresses.isEmpty, let failure, now < failure.until { return }
        if !addresses.isEmpty, let lastLookup, now < lastLookup + minInterval { return }
        isRunning = true
        isWanted = false
        lastLookup = now
        let bound = NIOLoopBound((self, done), eventLoop: eventLoop)
        NIOThreadPool.singleton.runIfActive(eventLoop: eventLoop, lookup).whenComplete { result in
            let (resolution, done) = bound.value
            resolution.take(result)
            done(resolution)
        }
    }

    private func take(_ result: Result<[TargetAddress], any Error>) {
        isRunning = false
        switch result {
        case .success(let found):
            failureCount = 0
            failure = nil
            addresses = found
        case .failure(let error):
            // Addresses that are known stay good: the connections to them may stand.
            failureCount += 1
            let delay = backoff.delay(failureCount: failureCount, random: .random(in: -1...1))
            let known = error as? RPCError ?? RPCError(.unavailable, "the name cannot be looked up: \(error)")
            failure = (known, .now() + TimeAmount(delay))
        }
    }
}
