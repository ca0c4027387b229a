import DFSCore
import Testing

@testable import DFSChunkStore

/// What one follower of a catalog is told.
@Suite struct CatalogChangesTests {
    private let stored = ChunkCatalog.Stored(length: 5, crc32c: 7)

    private func id(_ name: String) throws -> ChunkID { try ChunkID(name) }

    @Test func onlyWhatHasAFileIsToldOfAndThenOnlyWhatChanges() throws {
        var catalog = ChunkCatalog()
        let (a, b, c) = (try id("a_0"), try id("b_0"), try id("c_0"))
        catalog.store(a, stored)
        _ = try catalog.beginWriting(b)
        #expect(catalog.follow().map(\.id) == [a])
        #expect(catalog.takeChanges(limit: 10).isEmpty)
        catalog.store(b, stored)
        catalog.endWriting(b)
        #expect(catalog.takeChanges(limit: 10) == [.init(id: b, wasStored: false, stored: stored)])
        #expect(catalog.beginRemoval(a) == .removed)
        _ = try catalog.beginWriting(c)
        catalog.endWriting(c)
        #expect(catalog.takeChanges(limit: 10) == [.init(id: a, wasStored: true, stored: nil)])
        catalog.endRemoval(a)
        #expect(catalog.takeChanges(limit: 10).isEmpty)
    }

    @Test func changesOfOneChunkAreOneAndWhatCameAndWentIsNone() throws {
        var catalog = ChunkCatalog()
        let (a, b) = (try id("a_0"), try id("b_0"))
        catalog.store(a, ChunkCatalog.Stored(length: 5, crc32c: nil))
        _ = catalog.follow()
        // Its removal failed, and then it was read.
        #expect(catalog.beginRemoval(a) == .removed)
        catalog.endRemoval(a, keeping: ChunkCatalog.Stored(length: 5, crc32c: nil))
        catalog.store(a, stored)
        catalog.store(b, stored)
        #expect(catalog.beginRemoval(b) == .removed)
        #expect(catalog.takeChanges(limit: 10) == [.init(id: a, wasStored: true, stored: stored)])
        catalog.endRemoval(b)
        #expect(catalog.takeChanges(limit: 10).isEmpty)
    }

    @Test func theLimitLeavesTheRestForTheNextTime() throws {
        var catalog = ChunkCatalog()
        _ = catalog.follow()
        let ids = try (0..<10).map { try id("f_\($0)") }
        for id in ids { catalog.store(id, stored) }
        let first = catalog.takeChanges(limit: 4)
        let rest = catalog.takeChanges(limit: 10)
        #expect(first.count == 4 && rest.count == 6)
        #expect(Set((first + rest).map(\.id)) == Set(ids))
    }

    @Test func nothingIsNotedWhileNobodyFollows() throws {
        var catalog = ChunkCatalog()
        catalog.store(try id("a_0"), stored)
        #expect(catalog.takeChanges(limit: 10).isEmpty)
        _ = catalog.follow()
        catalog.store(try id("b_0"), stored)
        catalog.unfollow()
        #expect(catalog.takeChanges(limit: 10).isEmpty)
    }

    @Test func chunksWithFilesAreCountedThroughAllMoves() throws {
        var catalog = ChunkCatalog()
        let ids = try (0..<6).map { try id("f_\($0)") }
        var number = 1
        for step in 0..<5000 {
            // A small generator of its own, the same in each run.
            number = (number &* 1_103_515_245 &+ 12_345) & 0x7FFF_FFFF
            let chunk = ids[number / 7 % ids.count]
            switch number / 1000 % 5 {
            case 0: catalog.store(chunk, stored)
            case 1: if (try? catalog.beginWriting(chunk)) != nil, number % 2 == 0 { catalog.endWriting(chunk) }
            case 2: if catalog.isBeingWritten(chunk) { catalog.endWriting(chunk) }
            case 3: _ = catalog.beginRemoval(chunk, evenWhileWritten: number % 3 == 0)
            default:
                if catalog.isLeaving(chunk) { catalog.endRemoval(chunk, keeping: number % 2 == 0 ? stored : nil) }
            }
            let listed = ids.filter { catalog.stored($0) != nil }
            #expect(catalog.storedCount == listed.count, "step \(step)")
            #expect(catalog.storedIDs(after: nil).sorted() == listed)
            #expect(catalog.storedIDs(after: ids[2]).sorted() == listed.filter { ids[2] < $0 })
        }
    }
}
