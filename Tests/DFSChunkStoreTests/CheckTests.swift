import DFSCore
import DFSFiles
import DFSSimulation
import NIOCore
import Testing

@testable import DFSChunkStore

/// What a check of a chunk finds, and what becomes of damaged ones.
@Suite struct CheckTests {
    private static let long = (1 << 20) + 70_000
    private static let attribute = "user.dfs.crc32c"

    private func digest(_ bytes: [UInt8]) -> ContentDigest {
        ContentDigest(length: Int64(bytes.count), crc32c: CRC32C.of(bytes))
    }

    @Test(arguments: [false, true])
    func damagedBlocksAreNamed(pastCache: Bool) throws {
        let disk = SimulatedDisk(takesDirectWrites: pastCache)
        let store = try openStore(on: disk)
        try put(store, "f_0", content(Self.long))
        #expect(try check(store, "f_0") == .sound(digest(content(Self.long)), mended: []))
        try disk.rot("/data/f_0", at: 65_536)
        try disk.rot("/data/f_0", at: Self.long - 1)
        #expect(try check(store, "f_0") == .damaged(blocks: [1, 17]))
        #expect(try check(store, "none_0") == .gone)
    }

    @Test func whatRotsBesideTheBytesIsMended() throws {
        let disk = SimulatedDisk()
        let store = try openStore(on: disk)
        let expected = digest(content(Self.long))
        try put(store, "f_0", content(Self.long))
        let table = "/data/.dfs/checksums/f_0"
        for at in [0, 8, 24, 60, 99] {
            try disk.rot(table, at: at)
            #expect(try check(store, "f_0") == .sound(expected, mended: ["table"]))
        }
        let file = try disk.open("/data/f_0", .reading)
        let text = try #require(try file.attribute(Self.attribute))
        _ = try file.setAttribute(Self.attribute, to: text.dropLast() + (text.hasSuffix("0") ? "1" : "0"))
        #expect(try check(store, "f_0") == .sound(expected, mended: ["attribute"]))
        #expect(try file.attribute(Self.attribute) == text)
        #expect(try check(store, "f_0") == .sound(expected, mended: []))
    }

    @Test(arguments: ["1 1118576 00000000", "1 1118577 00000000", "rubbish"])
    func aDigestThatRottedBeforeTheStartIsFoundByBytesAndTable(attribute: String) throws {
        let disk = SimulatedDisk()
        do { try put(openStore(on: disk), "f_0", content(Self.long)) }
        _ = try disk.open("/data/f_0", .reading).setAttribute(Self.attribute, to: attribute)
        let store = try openStore(on: disk)
        let expected = digest(content(Self.long))
        #expect(try check(store, "f_0") == .digestFound(expected, mended: ["attribute"]))
        #expect(try openStore(on: restarted(disk)).withCatalog { try? $0.stored(id("f_0"))?.digest } == expected)
    }

    /// The store that has the folder is given up.
    private func restarted(_ disk: SimulatedDisk) -> SimulatedDisk {
        disk.restart(keepingUnsynced: true)
        return disk
    }

    @Test func bytesThatRottedWithTheAttributeLostAreNotTakenForRight() throws {
        let disk = SimulatedDisk()
        do { try put(openStore(on: disk), "f_0", content(Self.long)) }
        _ = try disk.open("/data/f_0", .reading).setAttribute(Self.attribute, to: "rubbish")
        try disk.rot("/data/f_0", at: 3)
        let store = try openStore(on: disk)
        #expect(code { _ = try read(store, "f_0") } == .dataLoss)
        #expect(try check(store, "f_0") == .damaged(blocks: [0]))
    }

    @Test func aShortChunksWordIsTakenWhereSomebodyKnowsBetter() throws {
        let disk = SimulatedDisk()
        do { try put(openStore(on: disk), "f_0", content(5000)) }
        _ = try disk.open("/data/f_0", .reading).setAttribute(Self.attribute, to: "1 5000 00000000")
        let store = try openStore(on: disk)
        #expect(try check(store, "f_0") == .damaged(blocks: []))
        #expect(try store.believeBytes(of: id("f_0")) == digest(content(5000)))
        #expect(try check(store, "f_0") == .sound(digest(content(5000)), mended: []))
        #expect(try read(store, "f_0") == content(5000))
    }

    @Test func damagedChunksAreKeptUntilTheMasterCanMissThem() throws {
        let disk = SimulatedDisk()
        do {
            let store = try openStore(on: disk)
            for name in ["a_0", "b_0", "c_0"] { try put(store, name, content(100)) }
            for name in ["a_0", "b_0"] { #expect(try store.quarantine(id(name), .damaged) == .removed) }
            #expect(try store.quarantine(id("c_0"), .doubtful) == .removed)
            #expect(try store.dueDamagedChunks(after: nil, limit: 10) == [])
            #expect(try store.eraseDamaged([id("a_0")]) == 0, "not before its time")
        }
        let later = try openStore(on: disk, second: { 1_000_000 + 7200 })
        #expect(try later.purgeQuarantine() == 1)
        #expect(try Set(later.dueDamagedChunks(after: nil, limit: 10)) == [id("a_0"), id("b_0")])
        #expect(try later.eraseDamaged([id("a_0"), id("c_0")]) == 1)
        #expect(disk.files.filter { $0.contains("quarantine") } == ["/data/.dfs/quarantine/999960-damaged/b_0"])
        #expect(try later.eraseDamaged([id("b_0")]) == 1)
        #expect(try disk.names(inFolder: "/data/.dfs/quarantine") == [])
    }

    @Test func aDamagedChunkGoesAlsoWhileItIsUploadedAgain() throws {
        let disk = SimulatedDisk()
        let store = try openStore(on: disk)
        try put(store, "f_0", content(100))
        let upload = try store.beginUpload(of: id("f_0"), expecting: ExpectedContent())
        try upload.append([UploadPiece(segments: [ByteBuffer(bytes: content(100))], checksum: 0)])
        try disk.rot("/data/f_0", at: 5)
        #expect(try check(store, "f_0") == .damaged(blocks: []))
        #expect(try store.quarantine(id("f_0"), .damaged) == .removed)
        #expect(code { _ = try store.openChunk(id("f_0")) } == .unavailable)
        #expect(code { _ = try upload.commit() } == .notFound, "what it was compared with is gone")
        #expect(store.withCatalog { $0.ids(includingUnfinished: true) } == [])
        try put(store, "f_0", content(100))
        #expect(try read(store, "f_0") == content(100))
    }

    @Test func theScrubbersPlaceOutlivesARestart() throws {
        let disk = SimulatedDisk()
        var cursor = ScrubCursor(cycleStart: 123, last: try id("f_0"))
        do {
            let store = try openStore(on: disk)
            #expect(store.scrubCursor() == nil)
            try store.keep(cursor)
            cursor.last = nil
            cursor.isDone = true
            try store.keep(cursor)
        }
        disk.restart()
        #expect(try openStore(on: disk).scrubCursor() == cursor)
        for text in ["", "2 5 going x\n", "1 x going x\n", "1 5 gone x\n", "1 5"] {
            #expect(ScrubCursor(text: text) == nil)
        }
        #expect(ScrubCursor(text: "1 5 going a b\n")?.last != nil || (try? id("a b")) == nil)
    }
}
