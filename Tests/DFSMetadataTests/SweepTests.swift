import Testing

@testable import DFSMetadata

/// The way round the table of chunks, as one that takes notes goes it.
@Suite struct SweepTests {
    private let first = ServerHandle(rawValue: 0)
    private let second = ServerHandle(rawValue: 70)

    /// The slots that were passed for a server, and the servers whose looks ended.
    private struct Passed: Equatable {
        var slots: [UInt32] = []
        var ended: [ServerHandle] = []
    }

    /// Passes so many slots.
    private func pass(_ count: Int, _ sweep: inout Sweep, end: UInt32, for server: ServerHandle) -> Passed {
        var passed = Passed()
        for _ in 0..<count {
            if !sweep.causes(of: server).isEmpty { passed.slots.append(sweep.slot) }
            sweep.advance(end)
            passed.ended += sweep.takeEnded().map(\.server)
        }
        return passed
    }

    @Test func whoComesLaterGoesRoundFromThere() {
        var sweep = Sweep()
        sweep.add(first, .death)
        #expect(pass(3, &sweep, end: 5, for: first) == Passed(slots: [0, 1, 2], ended: []))
        sweep.add(second, .givenUp)
        #expect(sweep.causes(of: first) == .death && sweep.causes(of: second) == .givenUp)
        #expect(pass(5, &sweep, end: 5, for: second) == Passed(slots: [3, 4, 0, 1, 2], ended: [first, second]))
        #expect(sweep.isEmpty && sweep.causes(of: first).isEmpty && sweep.causes(of: second).isEmpty)
    }

    @Test func whatComesToTheTableMeanwhileKeepsNothingOut() {
        var sweep = Sweep()
        _ = pass(3, &sweep, end: 4, for: first)
        sweep.add(first, .death)
        #expect(pass(1, &sweep, end: 6, for: first) == Passed(slots: [3], ended: []))
        #expect(pass(5, &sweep, end: 6, for: first) == Passed(slots: [4, 5, 0, 1, 2], ended: [first]))
    }

    @Test func theSameAgainBeginsAnewAndAnotherCauseGoesItsOwnWay() {
        var sweep = Sweep()
        sweep.add(first, .death)
        _ = pass(2, &sweep, end: 4, for: first)
        sweep.add(first, .death)
        sweep.add(first, .returned)
        #expect(pass(3, &sweep, end: 4, for: first) == Passed(slots: [2, 3, 0], ended: []))
        #expect(sweep.causes(of: first) == [.death, .returned])
        #expect(pass(1, &sweep, end: 4, for: first) == Passed(slots: [1], ended: [first, first]))
        #expect(sweep.isEmpty)
    }

    @Test func anEmptyTableIsPassedAtOnce() {
        var sweep = Sweep()
        sweep.add(first, .death)
        #expect(pass(1, &sweep, end: 0, for: first) == Passed(slots: [0], ended: [first]))
        #expect(sweep.slot == 0)
    }
}
