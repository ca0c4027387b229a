import DFSCore
import Testing

@testable import DFSMetadata

@Suite struct RiskQueueTests {
    private static func risk(_ copies: Int, read: Bool = false) -> Risk { Risk(liveCopies: copies, isRead: read) }

    private func drain(_ queue: inout RiskQueue<Int>, _ place: WaitingPlace = .ready) -> [Int] {
        var order: [Int] = []
        while let (element, _) = queue.popFirst(in: place) { order.append(element) }
        return order
    }

    @Test func fewestCopiesComeFirstThenWhatIsReadThenWhatWaitsLongest() {
        var queue = RiskQueue<Int>()
        queue.put(1, Self.risk(3), in: .ready)
        queue.put(2, Self.risk(2), in: .ready)
        queue.put(3, Self.risk(1), in: .ready)
        queue.put(4, Self.risk(1, read: true), in: .ready)
        queue.put(5, Self.risk(2, read: true), in: .ready)
        queue.put(6, Self.risk(1), in: .ready)
        queue.put(7, Self.risk(9), in: .ready)
        #expect(queue.count == 7 && queue.count(of: Self.risk(1)) == 2)
        #expect(drain(&queue) == [4, 3, 6, 5, 2, 1, 7])
        #expect(queue.count == 0 && queue.count(in: .ready) == 0)
    }

    @Test func anElementWaitsInOnePlaceAndKeepsItsTurnWhereItStays() {
        var queue = RiskQueue<Int>()
        for element in 1...3 { queue.put(element, Self.risk(2), in: .ready) }
        queue.put(1, Self.risk(2), in: .ready)
        queue.put(2, Self.risk(2), in: .aside)
        #expect(queue.count == 3 && queue.count(in: .aside) == 1)
        #expect(drain(&queue) == [1, 3])
        queue.put(2, Self.risk(1), in: .ready)
        #expect(queue.popFirst(in: .aside) == nil)
        #expect(drain(&queue) == [2])
    }

    @Test func whatIsReadMovesUp() {
        var queue = RiskQueue<Int>()
        for element in 1...3 { queue.put(element, Self.risk(2), in: .ready) }
        queue.hasten(3)
        queue.hasten(9)
        #expect(drain(&queue) == [3, 1, 2])
    }

    /// Against a plain model, with elements that move and leave at random.
    @Test(arguments: UInt64(1)...20)
    func anyOrderOfStepsGivesWhatAModelGives(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var queue = RiskQueue<Int>()
        var model: [(element: Int, risk: Risk, place: WaitingPlace)] = []
        let places: [WaitingPlace] = [.ready, .aside, .source(ServerHandle(rawValue: 7))]
        for _ in 0..<5000 {
            let element = Int.random(in: 0..<150, using: &random)
            let place = places.randomElement(using: &random) ?? .ready
            switch Int.random(in: 0..<6, using: &random) {
            case 0:
                queue.remove(element)
                model.removeAll { $0.element == element }
            case 1:
                let first = model.filter { $0.place == place }.map(\.risk).min()
                let expected = model.first { $0.place == place && $0.risk == first }?.element
                #expect(queue.popFirst(in: place)?.0 == expected)
                model.removeAll { $0.element == expected }
            default:
                let risk = Risk.all.randomElement(using: &random) ?? Self.risk(1)
                queue.put(element, risk, in: place)
                if model.contains(where: { $0 == (element, risk, place) }) { continue }
                model.removeAll { $0.element == element }
                model.append((element, risk, place))
            }
            #expect(queue.count == model.count)
            #expect(queue.count(in: place) == model.count { $0.place == place })
        }
    }

    @Test func aFileThatWasOpenedIsRememberedForTenToTwentyMinutes() {
        var reads = RecentReads()
        let file = FileID(rawValue: 1)
        let start = MonotonicInstant(nanoseconds: 0)
        reads.note(file, now: start)
        reads.note(FileID(rawValue: 2), now: start + .seconds(599))
        #expect(reads.contains(file))
        reads.note(FileID(rawValue: 3), now: start + .seconds(601))
        #expect(reads.contains(file))
        reads.note(FileID(rawValue: 4), now: start + .seconds(1300))
        #expect(!reads.contains(file) && reads.contains(FileID(rawValue: 3)))
    }

    @Test func ofVeryManyReadFilesTheNewestAreRemembered() {
        var reads = RecentReads()
        for number in 0..<UInt64(20_000) { reads.note(FileID(rawValue: number), now: MonotonicInstant(nanoseconds: 0)) }
        let known = (0..<UInt64(20_000)).count { reads.contains(FileID(rawValue: $0)) }
        #expect((RecentReads.maxCount...2 * RecentReads.maxCount).contains(known))
        #expect(reads.contains(FileID(rawValue: 19_999)))
    }

    @Test func whatWasSpentWithoutALimitIsNotOwed() {
        var budget = ByteBudget()
        let now = MonotonicInstant(nanoseconds: 0)
        budget.take(1 << 41, 0, now: now)
        #expect(budget.isOpen(1 << 20, now: now))
        budget.take(2 << 20, 1 << 20, now: now)
        #expect(!budget.isOpen(1 << 20, now: now + .milliseconds(500)))
        #expect(budget.isOpen(1 << 20, now: now + .milliseconds(1500)))
    }

    @Test func aBudgetIsOverdrawnOnceAndMadeUpForAtItsRate() {
        var budget = ByteBudget()
        let start = MonotonicInstant(nanoseconds: 0)
        #expect(budget.isOpen(100, now: start))
        budget.take(1000, 100, now: start)
        #expect(!budget.isOpen(100, now: start + .seconds(9)))
        #expect(budget.isOpen(100, now: start + .milliseconds(9010)))
        #expect(budget.isOpen(0, now: start), "no limit")
        // An hour of rest is worth a second.
        budget.take(100, 100, now: start + .seconds(3600))
        #expect(!budget.isOpen(100, now: start + .seconds(3600)))
        budget.take(.max, .max, now: start + .seconds(3601))
        budget.take(.max, .max, now: start + .seconds(3601))
        #expect(!budget.isOpen(1, now: start + .seconds(90_000)))
    }
}
