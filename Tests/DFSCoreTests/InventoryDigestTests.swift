import DFSCore
import Testing

@Suite struct InventoryDigestTests {
    private func ids(_ range: Range<Int>) throws -> [ChunkID] { try range.map { try ChunkID("file.00ff_\($0)") } }

    private func digest(_ ids: [ChunkID], key: UInt64 = 1) -> InventoryDigest {
        var digest = InventoryDigest(key: .init(low: key, high: 2))
        for id in ids { digest.insert(id) }
        return digest
    }

    /// Vectors of the reference implementation (github.com/veorq/SipHash, vectors.h, `vectors_sip128`): key 00 01 .. 0f, of the
    /// bytes 00, 01 and so on.
    @Test func hashIsThatOfTheReference() {
        let hash = SipHash(keyLow: 0x0706_0504_0302_0100, keyHigh: 0x0f0e_0d0c_0b0a_0908)
        func text(_ count: UInt8) -> String {
            let (low, high) = Array(0..<count).withUnsafeBufferPointer { hash.hash($0) }
            return (bytes(low) + bytes(high)).map { $0 < 16 ? "0" + String($0, radix: 16) : String($0, radix: 16) }
                .joined()
        }
        func bytes(_ word: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) } }
        #expect(text(0) == "a3817f04ba25a8e66df67214c7550293")
        #expect(text(1) == "da87c1d86b99af44347659119b22fc45")
        #expect(text(7) == "a1f1ebbed8dbc153c0b84aa61ff08239")
        #expect(text(8) == "3b62a9ba6258f5610f83e264f31497b4")
        #expect(text(15) == "5493e99933b0a8117e08ec0f97cfc3d9")
        #expect(text(16) == "6ee2a4ca67b054bbfd3315bf85230577")
        #expect(text(63) == "5150d1772f50834a503e069a973fbd7c")
    }

    @Test func orderDoesNotMatterAndRemovalUndoesInsertion() throws {
        let all = try ids(0..<1000)
        let whole = digest(all)
        #expect(digest(all.reversed()) == whole)
        var changing = digest(all + (try ids(1000..<2000)))
        for id in try ids(1000..<2000) { changing.remove(id) }
        #expect(changing == whole)
        for id in all { changing.remove(id) }
        #expect(changing == digest([]))
    }

    @Test func sumsCarryFromTheLowHalfToTheHigh() throws {
        // With a thousand ids the low half overflows some hundreds of times; without a carry the halves would be sums apart.
        let all = try ids(0..<1000)
        let hash = SipHash(keyLow: 1, keyHigh: 2)
        var high: UInt64 = 0
        for id in all {
            var text = id.text
            high &+= text.withUTF8 { hash.hash($0).high }
        }
        #expect(digest(all).high != high)
    }

    @Test func setsOfEqualCountDiffer() throws {
        let all = try ids(0..<100)
        let whole = digest(all)
        for left in 0..<100 {
            var other = all
            other[left] = try ChunkID("file.00ff_\(1000 + left)")
            #expect(digest(other) != whole && digest(other).count == whole.count)
        }
        #expect(digest(all, key: 3).low != whole.low)
    }
}
