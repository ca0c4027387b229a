import NIOCore
import Testing

@testable import DFSServices

/// The rule by which a link is slow, by a clock of the test's own.
@Suite struct LinkPaceTests {
    private static let mebibyte = 1 << 20

    /// A link of 64 MiB with a floor of 1 MiB/s over 8 s, looked at once a second.
    private struct Link {
        var pace: LinkPace
        var now = NIODeadline.uptimeNanoseconds(1_000_000_000_000)
        var (taken, own, heldUp) = (0, 0, TimeAmount.zero)

        init(length: Int? = 64 * mebibyte, takenBefore: Int = 0) {
            taken = takenBefore
            pace = LinkPace(
                floor: mebibyte, window: .seconds(8), length: length, start: now, taken: takenBefore)
        }

        /// So many looks at it, one after each second, in which the link takes `own` bytes of this upload and `others` of others, and holds its
        /// sender up for `share` of the time.
        mutating func pass(
            _ looks: Int, own: Int, others: Int = 0, share: Double = 1, seconds: Int64 = 1
        ) -> LinkSpeed {
            var speed: LinkSpeed?
            for _ in 0..<looks {
                now = now + .seconds(seconds)
                self.own += own
                taken += own + others
                heldUp = heldUp + .milliseconds(Int64(share * 1000) * seconds)
                speed = pace.look(at: now, taken: taken, ownTaken: self.own, heldUp: heldUp)
            }
            return speed ?? LinkSpeed(bytesPerSecond: 0, floor: 0, span: .zero, isHeldUp: false, isSlow: false)
        }
    }

    @Test func linkThatHoldsItsSenderUpBelowTheFloorIsSlowAfterAWindow() {
        var link = Link()
        #expect(!link.pass(7, own: 200_000).isSlow)
        let speed = link.pass(1, own: 200_000)
        #expect(speed.isSlow && speed.isHeldUp && speed.bytesPerSecond == 200_000 && speed.span == .seconds(8))
        #expect(
            speed.complaint
                == "slow: it took 195 KiB a second for 8 s, less than the 1024 KiB of the floor (-slow-floor)")
    }

    @Test func linkAtTheFloorIsNotSlow() {
        var link = Link()
        #expect(!link.pass(20, own: Self.mebibyte).isSlow)
        #expect(link.pass(9, own: Self.mebibyte - 1).isSlow)
    }

    @Test func bytesThatWentIntoBuffersAtFirstSaveItForNoLongerThanAWindow() {
        var link = Link()
        _ = link.pass(1, own: 16 * Self.mebibyte)
        #expect(!link.pass(7, own: 200_000).isSlow)
        #expect(link.pass(1, own: 200_000).isSlow)
    }

    @Test(arguments: [0, 0.5, 0.89]) func linkWhoseSenderHadNothingToSendIsNotSlow(share: Double) {
        var link = Link()
        let speed = link.pass(30, own: 1000, share: share)
        #expect(!speed.isSlow && !speed.isHeldUp)
    }

    @Test func serverThatTakesEnoughOfAllUploadsTogetherIsNotSlow() {
        var link = Link(takenBefore: 1 << 40)
        #expect(!link.pass(20, own: 200_000, others: Self.mebibyte).isSlow)
        #expect(link.pass(9, own: 200_000).isSlow)
    }

    @Test func linkThatGetsOnAgainIsNotSlow() {
        var link = Link()
        _ = link.pass(7, own: 0)
        #expect(!link.pass(1, own: 8 * Self.mebibyte).isSlow)
    }

    @Test func serverThatIsNearlyDoneIsKept() {
        // Elsewhere 64 MiB take 8 s at 8 MiB/s, as is assumed; here 4 MiB take longer at less than half a MiB/s.
        var link = Link()
        _ = link.pass(1, own: 60 * Self.mebibyte)
        #expect(link.pass(9, own: 10_000).isSlow)
        var other = Link()
        _ = other.pass(1, own: 60 * Self.mebibyte)
        #expect(!other.pass(8, own: Self.mebibyte / 3).isSlow)
    }

    @Test func nearlyDoneIsNobodyWhoseLengthIsUnknownOrWhoTakesNothing() {
        var link = Link(length: nil)
        _ = link.pass(1, own: 60 * Self.mebibyte)
        #expect(link.pass(9, own: Self.mebibyte / 2).isSlow)
        var other = Link()
        _ = other.pass(1, own: 64 * Self.mebibyte)
        #expect(other.pass(9, own: 0).isSlow)
    }

    @Test func pauseOfTheSenderItselfIsNoFaultOfTheServer() {
        var link = Link()
        _ = link.pass(4, own: Self.mebibyte)
        // The process was stopped: it looks late, and what it waited for is no measure.
        #expect(!link.pass(1, own: 0, seconds: 60).isSlow)
        #expect(!link.pass(7, own: 200_000).isSlow)
        #expect(link.pass(1, own: 200_000).isSlow)
    }

    @Test func marksOfALongUploadStayFew() {
        var link = Link(length: 1 << 40)
        _ = link.pass(10_000, own: 2 * Self.mebibyte)
        #expect(link.pace.markCount <= LinkPace.looksPerWindow + 2)
    }
}
