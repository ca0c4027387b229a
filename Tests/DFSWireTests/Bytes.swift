import NIOCore

/// A repeatable source of test input (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: 0...255, using: &self) }
    }
}

/// Builds protobuf bytes by hand, wrong ones too.
struct WireBytes {
    private(set) var bytes: [UInt8] = []

    mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    mutating func tag(_ number: UInt64, _ type: UInt64) {
        varint(number << 3 | type)
    }

    mutating func number(_ field: UInt64, _ value: UInt64) {
        tag(field, 0)
        varint(value)
    }

    mutating func bytes(_ field: UInt64, _ content: [UInt8]) {
        tag(field, 2)
        varint(UInt64(content.count))
        bytes += content
    }

    mutating func raw(_ content: [UInt8]) {
        bytes += content
    }
}

/// `bytes` cut into segments at random places, empty ones among them.
func cut(_ bytes: [UInt8], using generator: inout SeededGenerator) -> [ByteBuffer] {
    var segments: [ByteBuffer] = []
    var rest = bytes[...]
    while !rest.isEmpty {
        let count = min(rest.count, Int.random(in: 0...7, using: &generator))
        segments.append(ByteBuffer(bytes: rest.prefix(count)))
        rest = rest.dropFirst(count)
    }
    return segments
}
