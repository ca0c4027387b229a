import DFSMetadata

/// All that is left to chance in a run, drawn from its seed.
final class Dice {
    private var random: SeededGenerator

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    /// Whether something happens that happens so many times in a thousand.
    func chance(_ perMille: Int) -> Bool { Int.random(in: 0..<1000, using: &random) < perMille }

    func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }

    func milliseconds(_ range: ClosedRange<Int>) -> Duration { .microseconds(number(range) * 1000 + number(0...999)) }

    func pick<Element>(_ elements: [Element]) -> Element? { elements.randomElement(using: &random) }

    func shuffled<Element>(_ elements: [Element]) -> [Element] { elements.shuffled(using: &random) }

    func word() -> UInt64 { random.next() }

    func bytes(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 8)
        while bytes.count < count {
            let word = random.next()
            for shift in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: word >> (8 * UInt64(shift)))) }
        }
        bytes.removeLast(bytes.count - count)
        return bytes
    }
}
