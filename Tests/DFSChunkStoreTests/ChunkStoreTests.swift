import DFSCore
import DFSFiles
import DFSSimulation
import NIOCore
import Synchronization
import Testing

@testable import DFSChunkStore

@Suite struct ChunkStoreTests {
    /// A file that came in another way, such as from a Go server or by an operator's hand, was perhaps never synced.
    @Test(arguments: [false, true]) func anUploadOfWhatWasAdoptedIsDurableAndProvesIt(isRead: Bool) throws {
        let disk = SimulatedDisk()
        do { _ = try openStore(on: disk) }
        try disk.open("/data/f_0", .creating).write([ByteBuffer(bytes: content(1500))], at: 0)
        do {
            let store = try openStore(on: disk)
            if isRead { _ = try check(store, "f_0") }
            #expect(try put(store, "f_0", content(1500)).length == 1500)
        }
        disk.restart()
        let store = try openStore(on: disk)
        let digests = store.withCatalog { $0.digests.map(\.digest) }
        #expect(digests == [ContentDigest(length: 1500, crc32c: CRC32C.of(content(1500)))])
        let chunk = try id("f_0")
        #expect(store.withCatalog { $0.stored(chunk)?.isAdopted } == false)
        #expect(try read(store, "f_0") == content(1500))
    }

    /// The page cache has bytes that the disk does not have, and the next sync succeeds.
    @Test func anUploadOfWhatWasAdoptedIsNotAcknowledgedAfterAFailedSync() throws {
        let disk = SimulatedDisk()
        do { _ = try openStore(on: disk) }
        let file = try disk.open("/data/f_0", .creating)
        try file.write([ByteBuffer(bytes: content(1500))], at: 0)
        disk.strike(.failOnce, atCall: 1)
        #expect(code { try file.sync() } == .dataLoss)
        #expect(disk.calmDown())
        let store = try openStore(on: disk)
        #expect(code { try put(store, "f_0", content(1500)) } == .dataLoss)
    }

    /// Another upload of the id comes between the look for the file and what follows from its absence.
    @Test(arguments: [false, true]) func aReaderThatFoundNoFileForgetsNoUploadThatCameSince(isCheck: Bool) throws {
        let disk = SimulatedDisk()
        let action = Mutex<(@Sendable () throws(DFSError) -> Void)?>(nil)
        let files = WatchedFiles(disk) { call, path throws(DFSError) in
            guard call == .open, path == "/data/f_0" else { return }
            let due = action.withLock { action in
                defer { action = nil }
                return action
            }
            try due?()
        }
        let store = try openStore(on: files)
        // Its table is kept, too.
        let bytes = content(BlockChecksums.wholeBlockSize + 1)
        try put(store, "f_0", bytes)
        let chunk = try id("f_0")
        action.withLock { action in
            action = { () throws(DFSError) in
                _ = try store.quarantine(chunk, .certain)
                do { try put(store, "f_0", bytes) } catch { throw DFSError(.internal, "the upload failed: \(error)") }
                throw DFSError(.notFound, "/data/f_0: no such file or directory")
            }
        }
        if isCheck {
            #expect(try store.beginCheck(chunk) == nil)
        } else {
            #expect(code { _ = try store.openChunk(chunk) } == .notFound)
        }
        #expect(store.withCatalog { $0.storedCount } == 1)
        #expect(store.keptTable(of: chunk, length: Int64(bytes.count)) != nil)
        #expect(try read(store, "f_0") == bytes)
    }

    @Test func uploadedChunkReadsBackAndSurvivesARestart() throws {
        let disk = SimulatedDisk()
        do {
            let store = try openStore(on: disk)
            let digest = try put(store, "f_0", content(5000))
            #expect(digest == ContentDigest(length: 5000, crc32c: CRC32C.of(content(5000))))
            #expect(try read(store, "f_0") == content(5000))
        }
        disk.restart()
        let store = try openStore(on: disk)
        #expect(store.startReport.complete == 1)
        #expect(try read(store, "f_0") == content(5000))
        #expect(store.nodeID == "node-1")
    }

    @Test func chunkIsListedFromItsFirstByteAndServedWhenWhole() throws {
        let store = try openStore(on: SimulatedDisk())
        let upload = try store.beginUpload(of: id("f_0"), expecting: ExpectedContent())
        #expect(store.withCatalog { $0.ids(includingUnfinished: true) } == [try id("f_0")])
        #expect(store.withCatalog { $0.ids(includingUnfinished: false) } == [])
        #expect(code { _ = try read(store, "f_0") } == .unavailable)
        upload.abandon()
        #expect(store.withCatalog { $0.ids(includingUnfinished: true) } == [])
        #expect(code { _ = try read(store, "f_0") } == .notFound)
    }

    @Test func repeatedUploadOfEqualBytesSucceedsAndOfOthersIsRefused() throws {
        let disk = SimulatedDisk()
        let store = try openStore(on: disk)
        try put(store, "f_0", content(3000))
        try put(store, "f_0", content(3000))
        #expect(code { try put(store, "f_0", content(3000, seed: 2)) } == .alreadyExists)
        #expect(code { try put(store, "f_0", content(2999)) } == .alreadyExists)
        #expect(try read(store, "f_0") == content(3000))
        #expect(
            disk.files == ["/data/.dfs/lock", "/data/.dfs/node-id", "/data/f_0"].filter { $0 != "/data/.dfs/lock" })
    }

    @Test func twoUploadsAtOnceOfEqualBytesBothSucceed() throws {
        let store = try openStore(on: SimulatedDisk())
        let first = try store.beginUpload(of: id("f_0"), expecting: ExpectedContent())
        let second = try store.beginUpload(of: id("f_0"), expecting: ExpectedContent())
        for upload in [first, second] {
            try upload.append([UploadPiece(segments: [ByteBuffer(string: "same")], checksum: 0)])
        }
        #expect(try first.commit() == second.commit())
        #expect(try read(store, "f_0") == Array("same".utf8))
    }

    @Test func damagedOrMisannouncedDataIsRefusedAndLeavesNothing() throws {
        let disk = SimulatedDisk()
        let store = try openStore(on: disk)
        let upload = try store.beginUpload(of: id("f_0"), expecting: ExpectedContent())
        let piece = UploadPiece(segments: [ByteBuffer(string: "abc")], checksum: 1)
        #expect(code { try upload.append([piece]) } == .dataLoss)
        upload.abandon()
        #expect(code { try put(store, "f_0", content(10), expecting: ExpectedContent(length: 9)) } == .dataLoss)
        #expect(code { try put(store, "f_0", content(10), expecting: ExpectedContent(length: 11)) } == .dataLoss)
        #expect(code { try put(store, "f_0", content(10), expecting: ExpectedContent(crc32c: 1)) } == .dataLoss)
        #expect(disk.files == ["/data/.dfs/node-id"])
        let right = ExpectedContent(length: 10, crc32c: CRC32C.of(content(10)))
        try put(store, "f_0", content(10), expecting: right)
        #expect(try read(store, "f_0") == content(10))
    }

    @Test func emptyChunkIsAChunk() throws {
        let store = try openStore(on: SimulatedDisk())
        #expect(try put(store, "f_0", []) == ContentDigest(length: 0, crc32c: 0))
        #expect(try read(store, "f_0") == [])
    }

    @Test func folderServesOneServerAtATime() throws {
        let disk = SimulatedDisk()
        var store: ChunkStore? = try openStore(on: disk)
        #expect(code { _ = try openStore(on: disk) } == .failedPrecondition)
        #expect(store != nil)
        store = nil
        #expect(code { _ = try openStore(on: disk) } == nil)
    }

    @Test func goFolderIsAdoptedAsUnverifiedAndReadInTheBackground() throws {
        let disk = SimulatedDisk()
        try disk.makeFolder("/data/sub")
        for (name, bytes) in [("a.txt_0", content(2500)), ("plain", content(10))] {
            let file = try disk.open("/data/\(name)", .creating)
            try file.write([ByteBuffer(bytes: bytes)], at: 0)
        }
        let store = try openStore(on: disk)
        #expect(store.startReport.unverified == 2)
        #expect(store.startReport.ignored == ["sub"])
        #expect(try read(store, "a.txt_0") == content(2500))
        let expected = ContentDigest(length: 2500, crc32c: CRC32C.of(content(2500)))
        #expect(try check(store, "a.txt_0") == .digestFound(expected, mended: ["attribute"]))
        #expect(store.withCatalog { $0.unverified } == [try id("plain")])
        #expect(try put(store, "a.txt_0", content(2500)) == expected)
        #expect(code { try put(store, "plain", content(11)) } == .alreadyExists)
    }

    @Test func aDigestThatWasOnlyReadOffAGoFileIsMarkedAlsoAfterARestart() throws {
        let disk = SimulatedDisk()
        let expected = ContentDigest(length: 2500, crc32c: CRC32C.of(content(2500)))
        try disk.makeFolder("/data")
        try disk.open("/data/a_0", .creating).write([ByteBuffer(bytes: content(2500))], at: 0)
        do {
            let store = try openStore(on: disk)
            try put(store, "b_0", content(100))
            _ = try check(store, "a_0")
            #expect(try isAdopted("a_0", store) == true)
            #expect(try isAdopted("b_0", store) == false)
        }
        let store = try openStore(on: disk)
        #expect(store.startReport.complete == 2)
        #expect(try isAdopted("a_0", store) == true)
        #expect(try check(store, "a_0") == .sound(expected, mended: []))
        #expect(try isAdopted("b_0", store) == false)
        try put(store, "a_0", content(2500))
        #expect(try isAdopted("a_0", store) == false, "its writer has sent the same bytes")
        #expect(try check(store, "a_0") == .sound(expected, mended: []))
    }

    private func isAdopted(_ name: String, _ store: ChunkStore) throws -> Bool? {
        let id = try id(name)
        return store.withCatalog { $0.stored(id)?.isAdopted }
    }

    @Test func keptDigestOfAnotherLengthIsNotBelieved() throws {
        let disk = SimulatedDisk()
        do { try put(openStore(on: disk), "f_0", content(100)) }
        try disk.open("/data/f_0", .reading).write([ByteBuffer(string: "x")], at: 100)
        #expect(try openStore(on: disk).startReport.unverified == 1)
    }

    @Test func uploadsUnderWayAreTakenFromTheFreeSpace() throws {
        let disk = SimulatedDisk(capacity: 100 << 20)
        let store = try openStore(on: disk)
        #expect(try store.freeMiB() == 99)
        let upload = try store.beginUpload(of: id("f_0"), expecting: ExpectedContent(length: 30 << 20))
        #expect(try store.freeMiB() == 69)
        #expect(
            code { _ = try store.beginUpload(of: id("f_1"), expecting: ExpectedContent(length: 80 << 20)) }
                == .resourceExhausted)
        upload.abandon()
        #expect(try store.freeMiB() == 99)
    }

    /// As where a disk, or whatever is between, answers wrongly once.
    @Test func chunkWhoseFileHasAnotherLengthAtOneLookStays() throws {
        let disk = SimulatedDisk()
        let store = try openStore(on: disk)
        try put(store, "a_0", content(100))
        try disk.remove("/data/a_0")
        try disk.open("/data/a_0", .creating).write([ByteBuffer(bytes: content(99))], at: 0)
        #expect(code { _ = try store.openChunk(id("a_0")) } == .dataLoss)
        #expect(store.withCatalog { $0.ids(includingUnfinished: true) } == [try id("a_0")])
        try disk.open("/data/a_0", .reading).write([ByteBuffer(bytes: content(100))], at: 0)
        #expect(try read(store, "a_0") == content(100))
    }

    @Test func chunkLostOrCutBehindTheStoresBackLeavesTheList() throws {
        let disk = SimulatedDisk()
        let store = try openStore(on: disk)
        for name in ["gone_0", "cut_0", "whole_0"] { try put(store, name, content(100)) }
        try disk.remove("/data/gone_0")
        try disk.remove("/data/cut_0")
        try disk.open("/data/cut_0", .creating).write([ByteBuffer(bytes: content(99))], at: 0)
        #expect(code { _ = try store.openChunk(id("gone_0")) } == .notFound)
        #expect(code { _ = try store.openChunk(id("cut_0")) } == .dataLoss)
        for _ in 0..<2 { #expect(try check(store, "cut_0") == .damaged(blocks: [])) }
        _ = try store.quarantine(id("cut_0"), .damaged)
        #expect(store.withCatalog { $0.ids(includingUnfinished: true) } == [try id("whole_0")])
        #expect(disk.files.filter { $0.hasSuffix("cut_0") } == ["/data/.dfs/quarantine/999960-damaged/cut_0"])
        try put(store, "cut_0", content(100))
        #expect(try read(store, "cut_0") == content(100))
    }
}
