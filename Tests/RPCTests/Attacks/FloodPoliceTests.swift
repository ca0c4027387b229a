import HTTP2
import NIOCore
import Testing

@testable import RPC

@Suite struct FloodPoliceTests {
    private static let start = NIODeadline.uptimeNanoseconds(1_000_000_000)

    private static func police() -> FloodPolice {
        var limits = ConnectionLimits()
        limits.controlFrameBurst = 100
        limits.controlFramesPerSecond = 10
        return FloodPolice(limits, now: start)
    }

    @Test func burstIsAdmittedAndNoMore() {
        var police = Self.police()
        func admits(_ work: UInt64, _ control: UInt64, at time: NIODeadline = Self.start) -> Bool {
            police.admits(FrameCounts(work: work, control: control), now: time)
        }
        #expect(admits(0, 100))
        #expect(!admits(0, 101))
    }

    @Test func timeEarnsALittle() {
        var police = Self.police()
        func admits(_ work: UInt64, _ control: UInt64, at time: NIODeadline = Self.start) -> Bool {
            police.admits(FrameCounts(work: work, control: control), now: time)
        }
        #expect(admits(0, 100))
        #expect(admits(0, 120, at: Self.start + .seconds(2)))
        #expect(!admits(0, 121, at: Self.start + .seconds(2)))
    }

    @Test func workEarnsMore() {
        var police = Self.police()
        func admits(_ work: UInt64, _ control: UInt64, at time: NIODeadline = Self.start) -> Bool {
            police.admits(FrameCounts(work: work, control: control), now: time)
        }
        for turn in UInt64(1)...1000 {
            #expect(admits(10 * turn, 80 * turn))
        }
    }

    @Test func whatWasEarnedIsForgottenAboveTheBurst() {
        var police = Self.police()
        func admits(_ work: UInt64, _ control: UInt64, at time: NIODeadline = Self.start) -> Bool {
            police.admits(FrameCounts(work: work, control: control), now: time)
        }
        #expect(admits(1_000_000, 1))
        #expect(!admits(1_000_000, 102))
    }
}
