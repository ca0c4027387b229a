/// Counts durations in buckets that are 1/16 of their value wide: 16 for each power of two.
package struct LatencyHistogram: Sendable {
    private static let shift = 4
    private var buckets = [UInt64](repeating: 0, count: 64 << shift)
    package private(set) var count: UInt64 = 0
    /// The longest duration, in nanoseconds.
    package private(set) var longest: Int64 = 0

    package init() {}

    package mutating func add(nanoseconds: Int64) {
        let value = UInt64(max(1, nanoseconds))
        let exponent = max(0, 63 - value.leadingZeroBitCount - Self.shift)
        buckets[exponent << Self.shift + Int(value >> exponent)] += 1
        count += 1
        longest = max(longest, nanoseconds)
    }

    package mutating func add(_ other: LatencyHistogram) {
        for index in buckets.indices { buckets[index] += other.buckets[index] }
        count += other.count
        longest = max(longest, other.longest)
    }

    /// The duration in microseconds that `share` of all stay below.
    package func microseconds(below share: Double) -> Double {
        var left = Double(count) * share
        for (index, bucket) in buckets.enumerated() where bucket > 0 {
            left -= Double(bucket)
            if left > 0 { continue }
            let exponent = max(0, index >> Self.shift - 1)
            let mantissa = index - exponent << Self.shift
            return Double((UInt64(mantissa) + 1) << exponent) / 1000
        }
        return 0
    }
}
