import Testing

@testable import DFSCore

@Suite struct TimeTests {
    @Test func differenceIsNeverNegative() {
        let early = MonotonicInstant(nanoseconds: 5)
        let late = early + .seconds(3)
        #expect(late - early == .seconds(3))
        #expect(early - late == .zero)
        #expect(early < late)
    }

    @Test(arguments: [
        (0, "19700101T000000Z"), (951_782_400, "20000229T000000Z"), (4_107_542_399, "21000228T235959Z"),
        (1_795_710_000, "20261126T162000Z"), (253_402_300_799, "99991231T235959Z"),
    ])
    func wallTimesInFileNamesComeBack(seconds: Int, text: String) {
        let time = WallTime(seconds: seconds, nanoseconds: 0)
        #expect(time.compact == text)
        #expect(WallTime(compact: text) == time)
    }

    @Test func everyDayComesBack() {
        for day in stride(from: 0, to: 60_000, by: 1) {
            let time = WallTime(seconds: day * 86_400 + day % 86_400, nanoseconds: 0)
            #expect(WallTime(compact: time.compact) == time)
        }
    }

    @Test(arguments: [
        "", "20261126T162000", "20261126 162000Z", "2026112T1620000Z", "20260231T000000Z", "20261301T000000Z",
        "20260101T240000Z", "20260101T006000Z", "20260101T000060Z", "+0260101T000000Z", "20260001T000000Z",
    ])
    func whatIsNoWallTimeIsRefused(text: String) {
        #expect(WallTime(compact: text) == nil)
    }

    @Test func negativeDurationMovesNothingBack() {
        let instant = MonotonicInstant(nanoseconds: 7)
        #expect(instant + .seconds(-1) == instant)
    }

    @Test func durationSaturatesInNanoseconds() {
        #expect(Duration.seconds(2).nanoseconds == 2_000_000_000)
        #expect(Duration.seconds(Int64.max).nanoseconds == .max)
        #expect(Duration.seconds(-Int64.max).nanoseconds == .min)
        #expect(Duration.nanoseconds(1).nanoseconds == 1)
    }

    @Test func systemClockNeverGoesBack() {
        let clock = SystemClock()
        var last = clock.now
        for _ in 0..<1000 {
            let now = clock.now
            #expect(now >= last)
            last = now
        }
    }
}
