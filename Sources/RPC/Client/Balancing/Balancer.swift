import Logging
import NIOCore

/// What calls of a channel come from: one connection, or several behind a balancer. Lives on the event loop.
protocol CallSource: AnyObject {
    func open(_ path: MethodPath, _ options: CallOptions, deadline: NIODeadline?) async throws -> ClientCall
    func close() async
}

extension ChannelCore: CallSource {}

/// Spreads the calls of one channel over the addresses of its target. Lives on the channel's event loop.
///
/// It keeps a ``ChannelCore`` for each address, asks its policy for each call which one to use, lets calls wait while none can
/// be used yet, and asks for the addresses again when a connection was lost.
final class Balancer: CallSource {
    private struct Entry {
        let address: TargetAddress
        let core: ChannelCore
        var wasReady = false
    }

    private let authority: String
    private let executor: EventLoopTaskExecutor
    private let makeCore: (TargetAddress) -> ChannelCore
    private let resolution: Resolution
    private let waiting: WaitingCalls
    private let logger: Logger
    private var policy: any BalancingPolicy
    private var entries: [Entry] = []
    private var isCheckScheduled = false
    private var isClosed = false

    init(
        authority: String, executor: EventLoopTaskExecutor, resolution: Resolution, policy: any BalancingPolicy,
        maxWaitingCalls: Int, logger: Logger, makeCore: @escaping (TargetAddress) -> ChannelCore
    ) {
        self.authority = authority
        self.executor = executor
        self.resolution = resolution
        self.policy = policy
        self.logger = logger
        self.makeCore = makeCore
        waiting = WaitingCalls(eventLoop: executor.eventLoop, maxCount: maxWaitingCalls, name: authority)
        update()
    }

    private var loop: any EventLoop { executor.eventLoop }

    func open(_ path: MethodPath, _ options: CallOptions, deadline: NIODeadline?) async throws -> ClientCall {
        while true {
            guard !isClosed else { throw RPCError(.cancelled, "the channel to \(authority) was closed") }
            switch pick() {
            case .use(let index):
                if let call = try entries[index].core.openNow(path, options, deadline: deadline) { return call }
            case .wait:
                try await waiting.wait(deadline: deadline)
            case .fail(let error, let until):
                guard options.waitForReady else { throw error.neverSent() }
                scheduleCheck(at: until)
                try await waiting.wait(deadline: deadline)
            }
        }
    }

    func close() async {
        isClosed = true
        waiting.wakeAll()
        let closing = entries.map(\.core)
        entries = []
        for core in closing { await core.close() }
    }

    // MARK: Choosing

    private func pick() -> Pick {
        let now = NIODeadline.now()
        resolution.runIfDue(now: now) { [weak self] _ in self?.resolved() }
        if entries.isEmpty {
            guard let failure = resolution.failure, now < failure.until else { return .wait }
            return .fail(failure.error, until: failure.until)
        }
        let pick = policy.pick(entries.map(\.core), now: now)
        if case .fail = pick { resolution.askAgain() }
        return pick
    }

    /// A subchannel has changed. The waiting calls look again in a later turn of the loop, once for all changes till then.
    private func changed() {
        guard !isCheckScheduled else { return }
        isCheckScheduled = true
        let bound = NIOLoopBound(self, eventLoop: loop)
        loop.execute {
            bound.value.isCheckScheduled = false
            bound.value.noteLosses()
            bound.value.waiting.wakeAll()
        }
    }

    private func noteLosses() {
        for index in entries.indices {
            let isReady = entries[index].core.connectivity == .ready
            if entries[index].wasReady, !isReady { resolution.askAgain() }
            entries[index].wasReady = isReady
        }
    }

    private func scheduleCheck(at time: NIODeadline) {
        let bound = NIOLoopBound(self, eventLoop: loop)
        loop.scheduleTask(deadline: time) { bound.value.waiting.wakeAll() }
    }

    // MARK: Addresses

    private func resolved() {
        if let failure = resolution.failure {
            logger.debug(
                "name lookup failed", metadata: ["target": "\(authority)", "reason": "\(failure.error.message)"])
        }
        update()
        waiting.wakeAll()
    }

    /// Brings the subchannels in line with the addresses; connections to addresses that stay are kept.
    private func update() {
        guard !isClosed, entries.map(\.address) != resolution.addresses, !resolution.addresses.isEmpty else { return }
        var old = Dictionary(entries.map { ($0.address, $0) }, uniquingKeysWith: { first, _ in first })
        var seen: Set<TargetAddress> = []
        entries = resolution.addresses.filter { seen.insert($0).inserted }.map { address in
            old.removeValue(forKey: address) ?? Entry(address: address, core: makeSubchannel(address))
        }
        policy.addressesChanged()
        for entry in old.values { retire(entry.core) }
    }

    private func makeSubchannel(_ address: TargetAddress) -> ChannelCore {
        let core = makeCore(address)
        core.onConnectivityChange = { [weak self] in self?.changed() }
        return core
    }

    /// Open calls finish; nobody need wait for that.
    private func retire(_ core: ChannelCore) {
        core.onConnectivityChange = nil
        let bound = NIOLoopBound(core, eventLoop: loop)
        Task(executorPreference: executor) { await bound.value.close() }
    }
}
