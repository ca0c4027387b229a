import DFSCore
import Testing

@testable import DFSChunkStore

@Suite struct DigestAttributeTests {
    private let digest = ContentDigest(length: 67_108_864, crc32c: 0x00AB_CDEF)

    @Test func textIsAsDocumented() {
        #expect(DigestAttribute.text(of: digest) == "1 67108864 00abcdef")
        #expect(DigestAttribute.digest(in: "1 67108864 00abcdef") == digest)
        #expect(DigestAttribute.digest(in: "1 0 00000000") == ContentDigest(length: 0, crc32c: 0))
    }

    @Test func anAdoptedFilesTextIsAsDocumented() {
        let text = DigestAttribute.text(of: digest, isAdopted: true)
        #expect(text == "1-adopted 67108864 00abcdef")
        #expect(DigestAttribute.digest(in: text) == digest)
        #expect(DigestAttribute.isAdopted(text))
        #expect(!DigestAttribute.isAdopted(DigestAttribute.text(of: digest)))
        for count in 0..<text.count { #expect(DigestAttribute.digest(in: String(text.prefix(count))) == nil) }
    }

    @Test func everyCutIsRefused() {
        let text = DigestAttribute.text(of: digest)
        for count in 0..<text.count { #expect(DigestAttribute.digest(in: String(text.prefix(count))) == nil) }
    }

    @Test(arguments: [
        "2 1 00000000", "1 -1 00000000", "1  00000000", "1 1 000000000", "1 1 0000000g", "1 1 00000000 ",
        " 1 1 00000000",
    ])
    func otherFormsAreRefused(text: String) {
        #expect(DigestAttribute.digest(in: text) == nil)
    }
}

@Suite struct ChunkCatalogTests {
    @Test func removalHidesTheChunkAndKeepsUploadsOutUntilItEnds() throws {
        var catalog = ChunkCatalog()
        let chunk = try ChunkID("f_0")
        catalog.store(chunk, ChunkCatalog.Stored(length: 5, crc32c: 7))
        #expect(catalog.beginRemoval(chunk) == .removed)
        #expect(catalog.ids(includingUnfinished: true) == [])
        #expect(catalog.beginRemoval(chunk) == .absent)
        #expect(throws: DFSError.self) { try catalog.beginWriting(chunk) }
        catalog.endRemoval(chunk)
        #expect(try catalog.beginWriting(chunk) == nil)
        #expect(catalog.beginRemoval(chunk) == .busy)
        catalog.endWriting(chunk)
        #expect(catalog.beginRemoval(chunk) == .absent)
    }

    @Test func revisionRisesWithEachChangeOfTheListsOnly() throws {
        var catalog = ChunkCatalog()
        let chunk = try ChunkID("f_0")
        _ = try catalog.beginWriting(chunk)
        let begun = catalog.revision
        _ = try catalog.beginWriting(chunk)
        #expect(catalog.revision == begun)
        catalog.store(chunk, ChunkCatalog.Stored(length: 5, crc32c: nil))
        let stored = catalog.revision
        #expect(stored > begun)
        catalog.endWriting(chunk)
        catalog.endWriting(chunk)
        #expect(catalog.revision == stored)
        #expect(catalog.arrivals == 1)
        #expect(catalog.unverified == [chunk])
    }
}
