import Testing

@testable import DFSCore

@Suite struct CRC32CCombiningTests {
    @Test(arguments: [0, 1, 2, 7, 64, 255, 256, 1000, 65_536])
    func checksumsOfPiecesGiveThatOfTheWhole(_ secondByteCount: Int) {
        let first = (0..<100).map { UInt8(truncatingIfNeeded: $0 * 31 + 1) }
        let second = (0..<secondByteCount).map { UInt8(truncatingIfNeeded: $0 * 7 + 3) }
        let combined = CRC32C.combined(CRC32C.of(first), CRC32C.of(second), secondByteCount: secondByteCount)
        #expect(combined == CRC32C.of(first + second))
    }

    @Test func emptyPiecesChangeNothing() {
        #expect(CRC32C.combined(0, 0, secondByteCount: 0) == 0)
        #expect(CRC32C.combined(0, 0x1234, secondByteCount: 5) == 0x1234)
        #expect(CRC32C.combined(0x1234, 0, secondByteCount: 0) == 0x1234)
    }

    /// Cut anywhere, in pieces of which some are empty, and many of equal length as the chunks of files.
    @Test(arguments: 0..<200 as Range<UInt64>) func piecesInARowGiveTheWhole(seed: UInt64) {
        var random = TestGenerator(state: seed)
        let bytes = (0..<Int.random(in: 0...5000, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random)
        }
        let usual = Int.random(in: 1...700, using: &random)
        var pieces = CRC32C.Pieces()
        var pairwise: UInt32 = 0
        var rest = bytes[...]
        repeat {
            let count = [0, usual, usual, Int.random(in: 0...700, using: &random)].randomElement(using: &random) ?? 0
            let piece = rest.prefix(count)
            rest = rest.dropFirst(count)
            pieces.append(CRC32C.of(piece), byteCount: UInt64(piece.count))
            pairwise = CRC32C.combined(pairwise, CRC32C.of(piece), secondByteCount: piece.count)
        } while !rest.isEmpty
        #expect(pieces.value == CRC32C.of(bytes))
        #expect(pairwise == pieces.value)
    }

    /// SplitMix64.
    private struct TestGenerator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }

    /// Of 8 GiB of zero bytes in halves: lengths beyond 32 bits must not wrap.
    @Test func longPiecesAreCombinedLikeManyShortOnes() {
        let zeros = CRC32C.of([UInt8](repeating: 0, count: 1 << 16))
        var doubled = zeros
        var byteCount = 1 << 16
        while byteCount < 1 << 32 {
            doubled = CRC32C.combined(doubled, doubled, secondByteCount: byteCount)
            byteCount *= 2
        }
        var stepwise = doubled
        var rest = doubled
        stepwise = CRC32C.combined(stepwise, rest, secondByteCount: byteCount)
        rest = CRC32C.combined(0xDEAD_BEEF, stepwise, secondByteCount: 1 << 33)
        var inTwo = CRC32C.combined(0xDEAD_BEEF, doubled, secondByteCount: 1 << 32)
        inTwo = CRC32C.combined(inTwo, doubled, secondByteCount: 1 << 32)
        #expect(rest == inTwo)
    }
}
