import DFSCore
import Testing

@testable import DFSChunkServer

private func at(_ milliseconds: Int) -> MonotonicInstant {
    MonotonicInstant(nanoseconds: UInt64(milliseconds) * 1_000_000)
}

@Suite struct HeartbeatPacerTests {
    /// One that has just sent its first heartbeat.
    private func pacer(isGoMaster: Bool, random: Double = 0) -> HeartbeatPacer {
        var pacer = HeartbeatPacer(interval: .seconds(5), isGoMaster: isGoMaster, now: at(0))
        pacer.sent(revision: 1, now: at(0), random: random)
        pacer.observe(changes(1, arrivals: 0), now: at(0))
        return pacer
    }

    private func changes(
        _ revision: UInt64, arrivals: UInt64, soleArrivals: UInt64 = 0, isReceiving: Bool = false
    ) -> HeartbeatPacer.Changes {
        HeartbeatPacer.Changes(
            revision: revision, arrivals: arrivals, soleArrivals: soleArrivals, isReceiving: isReceiving)
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

    @Test func goMasterIsNotToldInStepByAllServers() {
        #expect(pacer(isGoMaster: true, random: 1).delay(now: at(0)) == .seconds(4))
        #expect(pacer(isGoMaster: false, random: 1).delay(now: at(0)) == .seconds(5))
    }

    @Test func swiftMasterHearsOfChangesAtOnceButNotOfEachAlone() {
        var pacer = pacer(isGoMaster: false)
        pacer.observe(changes(2, arrivals: 1, isReceiving: true), now: at(10))
        #expect(pacer.delay(now: at(10)) == .milliseconds(40))
        #expect(pacer.delay(now: at(50)) == .zero)
        pacer.sent(revision: 2, now: at(50), random: 0)
        #expect(pacer.delay(now: at(50)) == .seconds(5))
    }

    @Test func goMasterHearsOfChangesWhenNoUploadHasBeenUnderWayForASecond() {
        var pacer = pacer(isGoMaster: true)
        pacer.observe(changes(2, arrivals: 1, isReceiving: true), now: at(300))
        #expect(pacer.delay(now: at(1500)) == .milliseconds(3500))
        // The next chunk of the file is being allocated now.
        pacer.observe(changes(3, arrivals: 1), now: at(1600))
        #expect(pacer.delay(now: at(1600)) == .seconds(1))
        // A chunk that came and went between two looks.
        pacer.observe(changes(5, arrivals: 2), now: at(1700))
        #expect(pacer.delay(now: at(1700)) == .seconds(1))
        #expect(pacer.delay(now: at(2700)) == .zero)
    }

    @Test(arguments: [(10, 50), (100, 100), (249, 249)])
    func goMasterHearsAtOnceOfAGoClientsChunkThatAHeartbeatMissed(arrival: Int, due: Int) {
        var pacer = pacer(isGoMaster: true)
        pacer.observe(changes(2, arrivals: 1, soleArrivals: 1, isReceiving: true), now: at(arrival))
        #expect(pacer.delay(now: at(arrival)) == .milliseconds(due - arrival))
        pacer.sent(revision: 2, now: at(due), random: 0)
        #expect(pacer.delay(now: at(due)) == .seconds(5))
    }

    @Test(arguments: [(0, 100), (1, 250), (1, 400)])
    func goMasterHearsLaterOfAChunkThatWasNotMissedOrIsOnTheOtherServerToo(soleArrivals: UInt64, arrival: Int) {
        var pacer = pacer(isGoMaster: true)
        pacer.observe(changes(2, arrivals: 1, soleArrivals: soleArrivals, isReceiving: true), now: at(arrival))
        #expect(pacer.delay(now: at(arrival)) > .seconds(4))
    }

    @Test func busyGoClusterStillHearsAtEachInterval() {
        var pacer = pacer(isGoMaster: true)
        for step in 3..<50 {
            pacer.observe(changes(UInt64(step) + 1, arrivals: UInt64(step), isReceiving: true), now: at(step * 100))
        }
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
