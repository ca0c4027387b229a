import Testing

@testable import HTTP2

@Suite struct StreamTableTests {
    /// Whatever comes and goes, the table and a dictionary say the same.
    @Test(arguments: [1, 7, 64, 1 << 16]) func agreesWithADictionary(step: Int32) {
        var random = SystemRandomNumberGenerator()
        var expected: [Int32: Int] = [:]
        var table = StreamTable<Int>()
        for round in 0..<20_000 {
            let id = Int32.random(in: 1...300, using: &random) * step
            if let value = expected.removeValue(forKey: id) {
                #expect(table.remove(id) == value)
            } else {
                expected[id] = round
                table.insert(round, for: id)
            }
            #expect(table.count == expected.count && table.remove(id | 1 << 30) == nil)
            let asked = Int32.random(in: 1...300, using: &random) * step
            #expect(table.pointer(to: asked)?.pointee == expected[asked])
        }
        #expect(table.values.sorted() == expected.values.sorted())
    }

    /// A stream that lives long among many that do not: the table grows with those that are open, not with their numbers.
    @Test func oneOldStreamAmongManyShortOnesNeedsNoRoom() {
        var table = StreamTable<Int>()
        table.insert(1, for: 1)
        for id in stride(from: Int32(3), to: 20_001, by: 2) {
            table.insert(Int(id), for: id)
            #expect(table.remove(id) == Int(id))
        }
        #expect(table.pointer(to: 1)?.pointee == 1)
        #expect(table.ids.count <= 8)
    }

    @Test func valuesAreReleased() {
        final class Value {}
        weak var removed: Value?
        weak var kept: Value?
        do {
            var table = StreamTable<Value>()
            for id in Int32(1)...100 {
                let value = Value()
                if id == 3 { removed = value }
                if id == 5 { kept = value }
                table.insert(value, for: id)
            }
            _ = table.remove(3)
            #expect(removed == nil && kept != nil)
        }
        #expect(kept == nil)
    }
}
