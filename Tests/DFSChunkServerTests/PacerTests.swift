import DFSCore
import Testing

@testable import DFSChunkServer

private func at(_ milliseconds: Int) -> MonotonicInstant {
    MonotonicInstant(nanoseconds: UInt64(milliseconds) * 1_000_000)
}

@Suite struct HeartbeatPacerTests {
    private func pacer(isGoMaster: Bool) -> HeartbeatPacer {
        var pacer = HeartbeatPacer(interval: .seconds(5), isGoMaster: isGoMaster, now: at(0))
        pacer.sent(revision: 1, now: at(0))
        pacer.observe(revision: 1, arrivals: 0, now: at(0))
        return pacer
    }

    @Test func firstHeartbeatIsDueAtOnce() {
        #expect(HeartbeatPacer(interval: .seconds(5), isGoMaster: true, now: at(0)).delay(now: at(0)) == .zero)
    }

    @Test(arguments: [false, true])
    func withoutChangeItIsDueAfterTheInterval(isGoMaster: Bool) {
        let pacer = pacer(isGoMaster: isGoMaster)
        #expect(pacer.delay(now: at(1000)) == .seconds(4))
        #expect(pacer.delay(now: at(5000)) == .zero)
        #expect(pacer.delay(now: at(9000)) == .zero)
    }

    @Test func swiftMasterHearsOfChangesAtOnceButNotOfEachAlone() {
        var pacer = pacer(isGoMaster: false)
        pacer.observe(revision: 2, arrivals: 1, now: at(10))
        #expect(pacer.delay(now: at(10)) == .milliseconds(40))
        #expect(pacer.delay(now: at(50)) == .zero)
        pacer.sent(revision: 2, now: at(50))
        #expect(pacer.delay(now: at(50)) == .seconds(5))
    }

    @Test func goMasterHearsOfChangesWhenNoUploadHasBegunForASecond() {
        var pacer = pacer(isGoMaster: true)
        pacer.observe(revision: 2, arrivals: 1, now: at(100))
        #expect(pacer.delay(now: at(100)) == .seconds(1))
        pacer.observe(revision: 3, arrivals: 2, now: at(900))
        #expect(pacer.delay(now: at(1100)) == .milliseconds(800))
        #expect(pacer.delay(now: at(1900)) == .zero)
    }

    @Test func busyGoClusterStillHearsAtEachInterval() {
        var pacer = pacer(isGoMaster: true)
        for step in 1..<50 { pacer.observe(revision: UInt64(step) + 1, arrivals: UInt64(step), now: at(step * 100)) }
        #expect(pacer.delay(now: at(4900)) == .milliseconds(100))
    }
}

@Suite struct RetryPacerTests {
    @Test func delaysGrowToALimitAndStartAfreshAfterAGoodSession() {
        var pacer = RetryPacer()
        let delays = (0..<10).map { _ in pacer.delay(afterSessionOf: .zero, random: 1) }
        #expect(delays.first == .milliseconds(200))
        #expect(zip(delays, delays.dropFirst()).allSatisfy { $0 <= $1 })
        #expect(delays.last == .seconds(3))
        #expect(pacer.delay(afterSessionOf: .seconds(10), random: 1) == .milliseconds(200))
        #expect(pacer.delay(afterSessionOf: .seconds(10), random: 0) == .milliseconds(100))
    }
}

@Suite struct WriteBudgetTests {
    @Test func thoseWhoWaitGetRoomInTheirOrder() async {
        let budget = WriteBudget(byteCount: 10)
        await budget.acquire(8)
        let order = Recorder<Int>()
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                // Larger than the whole budget: has room when nothing else waits.
                await budget.acquire(100)
                order.add(1)
                budget.release(100)
            }
            budget.release(8)
            await group.waitForAll()
        }
        await budget.acquire(10)
        budget.release(10)
        #expect(order.all == [1])
    }
}
