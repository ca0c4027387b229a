import DFSCore
import Testing

@testable import DFSMetadata

@Suite struct FolderChildrenTests {
    /// Whatever comes and goes, in whatever order, it is a sorted dictionary.
    @Test(arguments: [false, true]) func agreesWithADictionary(inOrder: Bool) throws {
        var random = SeededGenerator(seed: inOrder ? 1 : 2)
        var children = FolderChildren()
        var model: [PathPart: NodeID] = [:]
        for number in 0..<20_000 {
            let text = inOrder ? String(100_000 + number) : String(random.next() % 8000)
            let name = try PathPart(text)
            if model.removeValue(forKey: name) != nil {
                children.remove(name)
            } else {
                let node = NodeID.file(FileID(rawValue: UInt64(number)))
                model[name] = node
                children.insert(node, named: name)
            }
            let asked = try PathPart(String(random.next() % 8000))
            #expect(children[asked] == model[asked])
        }
        #expect(children.count == model.count)
        let sorted = model.keys.sorted()
        #expect(children.after(nil, limit: .max).map(\.name) == sorted)
        for _ in 0..<200 {
            let cursor = try PathPart(String(random.next() % 8000))
            let expected = sorted.filter { cursor < $0 }.prefix(7)
            #expect(children.after(cursor, limit: 7).map(\.name) == Array(expected))
        }
    }
}
