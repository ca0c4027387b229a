import Testing

@testable import HTTP2

@Suite struct StreamTableTests {
    private final class Item {
        let id: Int32
        init(_ id: Int32) { self.id = id }
    }

    /// Against a dictionary, with numbers that grow as streams' do and some that live long.
    @Test func behavesAsADictionary() {
        var random = SystemRandomNumberGenerator()
        var table = StreamTable<Item>()
        var model: [Int32: Item] = [:]
        var next: Int32 = 1
        for _ in 0..<20_000 {
            if model.isEmpty || (model.count < 300 && Bool.random(using: &random)) {
                let item = Item(next)
                table.insert(item, for: next)
                model[next] = item
                next += Bool.random(using: &random) ? 2 : 34
            } else if let id = model.keys.randomElement(using: &random) {
                #expect(table.remove(id) === model.removeValue(forKey: id))
                #expect(table.remove(id) == nil)
            }
            let asked = Int32.random(in: 0...next, using: &random)
            #expect(table[asked] === model[asked])
            #expect(table.count == model.count)
        }
        #expect(Set(table.values.map(\.id)) == Set(model.keys))
    }

    @Test func oneOldStreamAmongManyShortOnesNeedsNoRoom() {
        var table = StreamTable<Item>()
        table.insert(Item(1), for: 1)
        for id in stride(from: Int32(3), to: 20_001, by: 2) {
            table.insert(Item(id), for: id)
            #expect(table.remove(id)?.id == id)
        }
        #expect(table[1]?.id == 1)
        #expect(table.entries.count <= 8)
    }
}
