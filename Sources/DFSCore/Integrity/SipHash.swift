/// SipHash-2-4 with 128 bits (Aumasson and Bernstein, 2012; the reference implementation's `outlen` of 16): a hash that nobody
/// who does not know the key can steer, and the same on every machine.
package struct SipHash: Sendable {
    private let low: UInt64
    private let high: UInt64

    /// The key's first and last eight bytes, read as little-endian numbers.
    package init(keyLow low: UInt64, keyHigh high: UInt64) {
        self.low = low
        self.high = high
    }

    /// The hash of the bytes: its first and last eight bytes, read as little-endian numbers.
    package func hash(_ bytes: UnsafeBufferPointer<UInt8>) -> (low: UInt64, high: UInt64) {
        var state = State(
            v0: low ^ 0x736f_6d65_7073_6575, v1: high ^ 0x646f_7261_6e64_6f6d ^ 0xee,
            v2: low ^ 0x6c79_6765_6e65_7261, v3: high ^ 0x7465_6462_7974_6573)
        var at = 0
        let count = bytes.count
        let raw = UnsafeRawBufferPointer(bytes)
        while count - at >= 8 {
            state.absorb(UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: at, as: UInt64.self)))
            at += 8
        }
        var last = UInt64(truncatingIfNeeded: count) << 56
        var shift: UInt64 = 0
        while at < count {
            last |= UInt64(bytes[at]) << shift
            shift += 8
            at += 1
        }
        state.absorb(last)
        state.v2 ^= 0xee
        for _ in 0..<4 { state.round() }
        let low = state.v0 ^ state.v1 ^ state.v2 ^ state.v3
        state.v1 ^= 0xdd
        for _ in 0..<4 { state.round() }
        return (low, state.v0 ^ state.v1 ^ state.v2 ^ state.v3)
    }

    private struct State {
        var v0: UInt64
        var v1: UInt64
        var v2: UInt64
        var v3: UInt64

        mutating func absorb(_ word: UInt64) {
            v3 ^= word
            round()
            round()
            v0 ^= word
        }

        mutating func round() {
            v0 &+= v1
            v1 = (v1 << 13 | v1 >> 51) ^ v0
            v0 = v0 << 32 | v0 >> 32
            v2 &+= v3
            v3 = (v3 << 16 | v3 >> 48) ^ v2
            v0 &+= v3
            v3 = (v3 << 21 | v3 >> 43) ^ v0
            v2 &+= v1
            v1 = (v1 << 17 | v1 >> 47) ^ v2
            v2 = v2 << 32 | v2 >> 32
        }
    }
}
