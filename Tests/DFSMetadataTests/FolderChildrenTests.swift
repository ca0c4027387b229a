import DFSCore
import Testing

@testable import DFSMetadata

@Suite struct FolderChildrenTests {
    /// Whatever comes and goes, in whatever order, it is a sorted dictionary.
    @Test(arguments: [false, true]) func agreesWithADictionary(inOrder: Bool) throws {
        var random = SeededGenerator(seed: inOrder ? 1 : 2)
        var children = FolderChildren()
        var texts = TextTable()
        var model: [PathPart: (node: NodeSlot, handle: TextTable.Handle)] = [:]
        for number in 0..<20_000 {
            let text = inOrder ? String(100_000 + number) : String(random.next() % 8000)
            let name = try PathPart(text)
            if let known = model.removeValue(forKey: name) {
                children.remove(text.utf8.span, texts)
                texts.remove(known.handle)
            } else {
                let child = FolderChildren.Child(name: texts.insert(text), node: .file(UInt32(number)))
                model[name] = (child.node, child.name)
                let isNew = children.insert(child, named: text.utf8.span, texts)
                #expect(isNew)
                let isNewTwice = children.insert(child, named: text.utf8.span, texts)
                #expect(!isNewTwice, "a name is given once")
            }
            let asked = String(random.next() % 8000)
            #expect(children.child(asked.utf8.span, texts)?.node == model[try PathPart(asked)]?.node)
        }
        #expect(children.count == model.count)
        let sorted = model.keys.sorted()
        #expect(children.prefix(.max).map { texts[$0.name] } == sorted.map(\.text))
        for _ in 0..<200 {
            let cursor = try PathPart(String(random.next() % 8000))
            let expected = sorted.filter { cursor < $0 }.prefix(7).map(\.text)
            let found = children.after(cursor.text.utf8.span, limit: 7, texts).map { texts[$0.name] }
            #expect(found == Array(expected))
        }
    }
}
