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
