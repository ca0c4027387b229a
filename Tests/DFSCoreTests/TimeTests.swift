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
