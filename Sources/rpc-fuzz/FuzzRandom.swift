/// SplitMix64: the same numbers for the same seed, on every machine.
struct FuzzRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }

    /// True once in `count` times.
    mutating func one(in count: Int) -> Bool { Int.random(in: 0..<count, using: &self) == 0 }

    mutating func below(_ limit: Int) -> Int { Int.random(in: 0..<max(1, limit), using: &self) }

    mutating func byte() -> UInt8 { UInt8.random(in: .min ... .max, using: &self) }

    mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in byte() } }
}

/// Values that borders are made of.
private let interesting: [UInt8] = [0, 1, 2, 4, 5, 0x7F, 0x80, 0xFE, 0xFF]

extension Array<UInt8> {
    /// A few changes: flips, borders, cuts, repeats and insertions.
    func mutated(_ random: inout FuzzRandom) -> [UInt8] {
        var bytes = self
        for _ in 0...random.below(6) where !bytes.isEmpty {
            let at = random.below(bytes.count)
            let end = Swift.min(bytes.count, at + 1 + random.below(32))
            switch random.below(6) {
            case 0: bytes[at] ^= 1 << UInt8(random.below(8))
            case 1: bytes[at] = interesting[random.below(interesting.count)]
            case 2: bytes.removeSubrange(at..<end)
            case 3: bytes.insert(contentsOf: bytes[at..<end], at: at)
            case 4: bytes.insert(contentsOf: random.bytes(random.below(16)), at: at)
            default: bytes.removeSubrange(random.below(4) == 0 ? at..<bytes.count : at..<at)
            }
        }
        return bytes
    }

    /// The same bytes in pieces as a network may deliver them.
    func cut(_ random: inout FuzzRandom) -> [ArraySlice<UInt8>] {
        let size = [1, 7, 100, 4096, count][random.below(5)]
        return stride(from: 0, to: count, by: Swift.max(1, size)).map { self[$0..<Swift.min(count, $0 + size)] }
    }
}
