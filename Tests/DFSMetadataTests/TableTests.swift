import DFSCore
import Testing

@testable import DFSMetadata

/// The packed tables against plain dictionaries, under random changes.
@Suite struct TableTests {
    @Test func textsComeBackAsTheyWentIn() {
        var random = SeededGenerator(seed: 1)
        var texts = TextTable()
        var model: [(handle: TextTable.Handle, text: String)] = []
        for number in 0..<20_000 {
            if model.count > 500, random.next() % 2 == 0 {
                let gone = model.remove(at: Int(random.next() % UInt64(model.count)))
                texts.remove(gone.handle)
            }
            let text = String(repeating: "ä", count: Int(random.next() % 40)) + String(number)
            model.append((texts.insert(text), text))
        }
        // One that fills a page by itself, nearly.
        let long = String(repeating: "x", count: 65_000)
        model.append((texts.insert(long), long))
        for (handle, text) in model {
            #expect(texts[handle] == text)
            #expect(texts.compare(handle, text.utf8.span) == 0)
            #expect(texts.compare(handle, (text + "a").utf8.span) < 0)
            #expect(texts.compare(handle, "".utf8.span) > 0)
        }
    }

    @Test func theRoomOfATextIsUsedAgain() {
        var texts = TextTable()
        let first = texts.insert("0123456")
        texts.remove(first)
        #expect(texts.insert("abcdefg") == first)
        #expect(texts.insert("abcdefg") != first)
    }

    @Test func theFileIndexIsADictionary() {
        var random = SeededGenerator(seed: 2)
        var index = FileIndex()
        var ids: [UInt32: FileID] = [:]
        func idOf(_ slot: UInt32) -> FileID { ids[slot] ?? FileID(rawValue: 0) }
        // Ids in a row and at random; few of them, so that they meet.
        for _ in 0..<50_000 {
            let slot = UInt32(random.next() % 2000)
            let id = FileID(rawValue: slot % 3 == 0 ? UInt64(slot) << 40 : 1 << 60 | UInt64(slot))
            if ids[slot] != nil {
                index.remove(id, idOf)
                ids[slot] = nil
            } else {
                ids[slot] = id
                index.insert(id, at: slot, idOf)
            }
            let asked = UInt32(random.next() % 2000)
            let askedID = FileID(rawValue: asked % 3 == 0 ? UInt64(asked) << 40 : 1 << 60 | UInt64(asked))
            #expect(index.slot(of: askedID, idOf) == (ids[asked] == nil ? nil : asked))
        }
    }

    @Test func slotsAreUsedAgainAndNotBefore() {
        var table = SlotTable<String>()
        let slots = (0..<3000).map { table.insert("\($0)") }
        #expect(slots == Array(0..<3000))
        table.remove(7)
        #expect(!table.holds(7) && table.holds(8) && !table.holds(3000) && table.count == 2999)
        #expect(Array(table.slots).count == 2999)
        #expect(table.insert("again") == 7)
        #expect(table[7] == "again" && table[2999] == "2999")
    }

    @Test func replicasKeepTheirOrder() {
        var replicas = Replicas()
        var model: [UInt16] = []
        var random = SeededGenerator(seed: 3)
        for number in 0..<2000 {
            if model.count > 6 || (!model.isEmpty && random.next() % 2 == 0) {
                let at = Int(random.next() % UInt64(model.count))
                #expect(replicas.remove(at: at).server.rawValue == model.remove(at: at))
            } else {
                let server = UInt16(number % 10_000)
                replicas.append(Replica(server: ServerHandle(rawValue: server), state: .listed))
                model.append(server)
            }
            #expect(replicas.map(\.server.rawValue) == model)
        }
    }

    /// What "compact" means: if one of these grows, ten million files grow by so much.
    @Test func recordsAreSmall() {
        #expect(MemoryLayout<Replica>.size == 8)
        #expect(MemoryLayout<Chunk?>.stride <= 56)
        #expect(FileTable.recordByteCount <= 80)
        #expect(MemoryLayout<FolderChildren.Child>.stride == 8)
    }
}
