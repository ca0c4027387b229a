extension CRC32C {
    /// The checksum of two pieces in a row, from the checksums of each: so that no byte is summed twice.
    ///
    /// A checksum is the remainder of a polynomial over GF(2); appending `secondByteCount` bytes multiplies the first
    /// remainder by x to the power of their bits (Mark Adler's `crc32_combine`).
    package static func combined(_ first: UInt32, _ second: UInt32, secondByteCount: Int) -> UInt32 {
        precondition(secondByteCount >= 0, "a piece has no negative length")
        return multiplied(first, power(ofBytes: UInt64(secondByteCount))) ^ second
    }

    /// The checksum of pieces in a row, from the checksum and length of each.
    ///
    /// Pieces of equal length, as the chunks of a file are, cost one multiplication each: some twenty nanoseconds.
    package struct Pieces: Sendable {
        /// The checksum of all pieces so far; of none it is 0.
        package private(set) var value: UInt32 = 0
        private var lastByteCount: UInt64 = 0
        /// x to the power of eight times ``lastByteCount``.
        private var lastPower: UInt32 = 1 << 31

        package init() {}

        /// Takes the next piece.
        package mutating func append(_ crc32c: UInt32, byteCount: UInt64) {
            if byteCount != lastByteCount {
                lastByteCount = byteCount
                lastPower = power(ofBytes: byteCount)
            }
            value = multiplied(value, lastPower) ^ crc32c
        }
    }

    /// The Castagnoli polynomial, bits reversed as in all of this file: bit 31 is x to the power 0.
    private static let polynomial: UInt32 = 0x82F6_3B78

    /// x to the powers 2^0, 2^1, ... 2^63.
    private static let squares: [UInt32] = {
        var powers: [UInt32] = [1 << 30]
        while powers.count < 64 { powers.append(multiplied(powers[powers.count - 1], powers[powers.count - 1])) }
        return powers
    }()

    /// x to the power of eight times `count`.
    private static func power(ofBytes count: UInt64) -> UInt32 {
        var product: UInt32 = 1 << 31
        var rest = count
        var exponent = 3
        while rest != 0, exponent < squares.count {
            if rest & 1 != 0 { product = multiplied(squares[exponent], product) }
            rest >>= 1
            exponent += 1
        }
        return product
    }

    /// The product of two polynomials, modulo ``polynomial``.
    private static func multiplied(_ left: UInt32, _ right: UInt32) -> UInt32 {
        var product: UInt32 = 0
        var shifted = right
        var bit: UInt32 = 1 << 31
        while bit != 0 {
            if left & bit != 0 { product ^= shifted }
            shifted = shifted & 1 != 0 ? (shifted >> 1) ^ polynomial : shifted >> 1
            bit >>= 1
        }
        return product
    }
}
