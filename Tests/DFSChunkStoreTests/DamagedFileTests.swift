import DFSCore
import DFSSimulation
import NIOCore
import Testing

@testable import DFSChunkStore

/// A damaged file that could not be moved to quarantine has the name of a chunk, and its old digest beside it.
@Suite struct DamagedFileTests {
    private let disk = SimulatedDisk()

    /// A chunk with a flipped bit whose move to quarantine fails at its last call.
    private func leaveDamaged(_ store: ChunkStore, _ name: String, onceMore: (() throws -> Void)? = nil) throws {
        try put(store, name, content(1000))
        try onceMore?()
        try disk.rot("/data/\(name)", at: 500)
        disk.strike(.failOnce, atCall: 2)
        #expect(throws: DFSError.self) { try store.quarantine(id(name), .damaged) }
        #expect(disk.calmDown())
        #expect(disk.contents(of: "/data/\(name)") != nil)
    }

    private var quarantined: [String] { disk.files.filter { $0.contains("/quarantine/") } }

    /// Also one more than are remembered to be moved later.
    @Test(arguments: [1, 2], [false, true]) func isNotTakenForAGoodCopy(seed: Int, isForgotten: Bool) throws {
        let store = try openStore(on: disk)
        try leaveDamaged(store, "f_0")
        if isForgotten { store.state.withLock { $0.unmoved = [] } }
        try put(store, "f_0", content(1000, seed: seed))
        #expect(disk.contents(of: "/data/f_0") == content(1000, seed: seed))
        #expect(try read(store, "f_0") == content(1000, seed: seed))
        #expect(quarantined.count == 1)
        #expect(try store.purgeQuarantine() == 0)
        #expect(disk.contents(of: "/data/f_0") == content(1000, seed: seed))
        disk.restart()
        #expect(try read(openStore(on: disk), "f_0") == content(1000, seed: seed))
    }

    /// Whatever fails in the upload that comes for it: what was acknowledged is good.
    @Test func anUploadThatFailsAtAnyCallAcknowledgesNoDamage() throws {
        var (call, hasStruck) = (1, true)
        while hasStruck {
            let disk = SimulatedDisk()
            let store = try openStore(on: disk)
            try put(store, "f_0", content(1000))
            try disk.rot("/data/f_0", at: 500)
            disk.strike(.failOnce, atCall: 2)
            _ = try? store.quarantine(id("f_0"), .damaged)
            #expect(disk.calmDown())
            disk.strike(.failOnce, atCall: call)
            let isTaken = (try? put(store, "f_0", content(1000))) != nil
            hasStruck = disk.calmDown()
            if isTaken { #expect(disk.contents(of: "/data/f_0") == content(1000), "call \(call)") }
            try put(store, "f_0", content(1000))
            #expect(disk.contents(of: "/data/f_0") == content(1000), "call \(call)")
            call += 1
        }
        #expect(call > 10)
    }

    @Test func repeatedUploadThatMetTheDamageIsToBeSentAgain() throws {
        let store = try openStore(on: disk)
        var upload: ChunkWriter?
        try leaveDamaged(store, "f_0") {
            upload = try store.beginUpload(of: id("f_0"), expecting: ExpectedContent())
        }
        let repeated = try #require(upload)
        try repeated.append([UploadPiece(segments: [ByteBuffer(bytes: content(1000))], checksum: 0)])
        #expect(code { _ = try repeated.commit() } == .unavailable)
        #expect(store.withCatalog { $0.storedCount } == 0)
        try put(store, "f_0", content(1000))
        #expect(try read(store, "f_0") == content(1000))
    }

    /// A good file that is not listed yet is no damaged one.
    @Test func otherBytesThatAreSoundStayAsTheyAre() throws {
        let store = try openStore(on: disk)
        let late = try store.beginUpload(of: id("f_0"), expecting: ExpectedContent())
        try late.append([UploadPiece(segments: [ByteBuffer(bytes: content(1000, seed: 2))], checksum: 0)])
        try put(store, "g_0", content(1000))
        try disk.rename("/data/g_0", to: "/data/f_0", replacing: false)
        #expect(code { _ = try late.commit() } == .alreadyExists)
        #expect(disk.contents(of: "/data/f_0") == content(1000))
    }

    @Test func oneThatCannotBeMovedKeepsNothingElseFromBeingDone() throws {
        let store = try openStore(on: disk, keep: .seconds(-10_000))
        try put(store, "d_0", content(10))
        _ = try store.quarantine(id("d_0"), .doubtful)
        for name in ["f_0", "g_0"] { try leaveDamaged(store, name) }
        disk.strike(.failOnce, atCall: 1)
        #expect(throws: DFSError.self) { try store.purgeQuarantine() }
        #expect(disk.calmDown())
        #expect(disk.contents(of: "/data/f_0") != nil)
        #expect(disk.contents(of: "/data/g_0") == nil)
        #expect(quarantined.filter { $0.hasSuffix("d_0") } == [])
        _ = try store.purgeQuarantine()
        #expect(disk.contents(of: "/data/f_0") == nil)
    }

    @Test func isNotMovedWhileAnUploadIsUnderWay() throws {
        let store = try openStore(on: disk)
        try leaveDamaged(store, "f_0")
        let upload = try store.beginUpload(of: id("f_0"), expecting: ExpectedContent())
        _ = try store.purgeQuarantine()
        #expect(disk.contents(of: "/data/f_0") != nil, "the upload moves it itself")
        upload.abandon()
        _ = try store.purgeQuarantine()
        #expect(disk.contents(of: "/data/f_0") == nil)
    }

    @Test func noUploadBeginsWhileAFileIsMovedOutOfTheWay() throws {
        var catalog = ChunkCatalog()
        #expect(try catalog.beginClearing(id("f_0")))
        #expect(try !catalog.beginClearing(id("f_0")))
        #expect(code { _ = try catalog.beginWriting(id("f_0")) } == .unavailable)
        catalog.endRemoval(try id("f_0"))
        _ = try catalog.beginWriting(id("f_0"))
        #expect(try !catalog.beginClearing(id("f_0")))
        catalog.endWriting(try id("f_0"))
        #expect(catalog.counts.uploads == 0)
    }
}
