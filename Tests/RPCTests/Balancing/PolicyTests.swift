import NIOCore
import Testing

@testable import RPC

/// A subchannel that a test moves by hand.
private final class HandSubchannel: Subchannel {
    var connectivity = Connectivity.idle
    private(set) var attempts = 0

    func connectNow() {
        attempts += 1
        connectivity = .connecting
    }

    func fail(_ text: String, until: NIODeadline = .uptimeNanoseconds(0)) {
        connectivity = .failed(RPCError(.unavailable, text), until: until)
    }
}

@Suite struct PolicyTests {
    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000)
    private let channels = (0..<3).map { _ in HandSubchannel() }

    private func index(_ pick: Pick) -> Int? { if case .use(let index) = pick { index } else { nil } }
    private func isWait(_ pick: Pick) -> Bool { if case .wait = pick { true } else { false } }
    private func failure(_ pick: Pick) -> (error: RPCError, until: NIODeadline)? {
        if case .fail(let error, let until) = pick { (error, until) } else { nil }
    }

    @Test func pickFirstTriesInOrderAndStays() {
        var policy = PickFirst(backoff: .init())
        #expect(isWait(policy.pick(channels, now: start)))
        #expect(channels.map(\.attempts) == [1, 0, 0])
        channels[0].fail("refused")
        #expect(isWait(policy.pick(channels, now: start)))
        #expect(channels.map(\.attempts) == [1, 1, 0])
        channels[1].connectivity = .ready
        for _ in 0..<3 { #expect(index(policy.pick(channels, now: start)) == 1) }
        channels[1].connectivity = .idle
        #expect(isWait(policy.pick(channels, now: start)))
        #expect(channels.map(\.attempts) == [2, 1, 0])
    }

    @Test func pickFirstRestsAfterAPassThatFailed() throws {
        var policy = PickFirst(backoff: .init())
        for channel in channels {
            #expect(isWait(policy.pick(channels, now: start)))
            channel.fail("refused", until: .distantFuture)
        }
        let first = try #require(failure(policy.pick(channels, now: start)))
        #expect(first.error.message == "refused")
        #expect(first.until >= start + .milliseconds(800) && first.until <= start + .milliseconds(1200))
        #expect(failure(policy.pick(channels, now: start + .milliseconds(1))) != nil)
        #expect(channels.map(\.attempts) == [1, 1, 1])
        // A new pass does not ask the addresses' own back-off.
        #expect(isWait(policy.pick(channels, now: first.until)))
        #expect(channels.map(\.attempts) == [2, 1, 1])
    }

    /// What failed at the old addresses says nothing of the new ones.
    @Test func pickFirstTriesNewAddressesAtOnce() throws {
        var policy = PickFirst(backoff: .init())
        var now = start
        for _ in 0..<5 {
            #expect(isWait(policy.pick([channels[0]], now: now)))
            channels[0].fail("refused")
            now = try #require(failure(policy.pick([channels[0]], now: now))).until
        }
        #expect(isWait(policy.pick([channels[0]], now: now)))
        channels[0].fail("refused")
        #expect(failure(policy.pick([channels[0]], now: now)) != nil)
        policy.addressesChanged()
        #expect(isWait(policy.pick([channels[1]], now: now)))
        #expect(channels[1].attempts == 1)
        channels[1].fail("refused")
        let failed = try #require(failure(policy.pick([channels[1]], now: now)))
        #expect(failed.until <= now + .milliseconds(1200), "the first pause is a short one")
    }

    @Test func pickFirstDoesNotTakeAConnectionLostUnseenForAFailure() {
        var policy = PickFirst(backoff: .init())
        #expect(isWait(policy.pick([channels[0]], now: start)))
        channels[0].connectivity = .idle
        #expect(isWait(policy.pick([channels[0]], now: start)))
        #expect(channels[0].attempts == 2)
    }

    @Test func roundRobinGivesEachReadyAddressItsTurn() {
        var policy = RoundRobin()
        #expect(isWait(policy.pick(channels, now: start)))
        #expect(channels.map(\.attempts) == [1, 1, 1])
        channels[0].connectivity = .ready
        #expect(index(policy.pick(channels, now: start)) == 0)
        channels[1].fail("refused", until: start + .seconds(1))
        channels[2].connectivity = .ready
        let picks = (0..<6).compactMap { _ in index(policy.pick(channels, now: start)) }
        #expect(picks.count { $0 == 0 } == 3 && picks.count { $0 == 2 } == 3)
        #expect(channels[1].attempts == 1)
        _ = policy.pick(channels, now: start + .seconds(1))
        #expect(channels[1].attempts == 2)
    }

    @Test func roundRobinFailsWhenEveryAddressHas() throws {
        var policy = RoundRobin()
        _ = policy.pick(channels, now: start)
        for (index, channel) in channels.enumerated() {
            channel.fail("no \(index)", until: start + .seconds(3 - Int64(index)))
        }
        let failed = try #require(failure(policy.pick(channels, now: start)))
        #expect(failed.error.message == "no 2" && failed.until == start + .seconds(1))
    }
}
