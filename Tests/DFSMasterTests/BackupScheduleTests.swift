import DFSCore
import Testing

@testable import DFSMaster

/// When backups are due.
@Suite struct BackupScheduleTests {
    @Test(arguments: [
        (nil, 1000, 100, 0), (900, 1000, 100, 0), (899, 1000, 100, 0), (901, 1000, 100, 1), (1000, 1000, 100, 100),
        // The calendar was ahead when that one was written.
        (5000, 1000, 100, 100), (0, 1000, 100, 0),
    ])
    func theFirstIsDueWhenTheNewestIsOlderThanTheInterval(newest: Int?, now: Int, interval: Int, expected: Int) {
        let wait = BackupSchedule.wait(newest: newest, now: now, interval: .seconds(interval))
        #expect(wait == .seconds(expected))
    }

    @Test func theNextIsDueAnIntervalAfterTheBeginningOfTheLast() {
        let due = ContinuousClock.now
        func next(writtenIn seconds: Int) -> ContinuousClock.Instant {
            BackupSchedule.next(after: due, interval: .seconds(10), now: due + .seconds(seconds))
        }
        #expect(next(writtenIn: 0) == due + .seconds(10))
        #expect(next(writtenIn: 9) == due + .seconds(10))
        #expect(next(writtenIn: 35) == due + .seconds(35), "those that were missed are not made up for")
    }
}
