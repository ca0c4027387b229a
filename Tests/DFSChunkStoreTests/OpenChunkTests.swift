import DFSCore
import DFSFiles
import DFSSimulation
import NIOCore
import Testing

@testable import DFSChunkStore

let openSize: Int64 = 10_000

/// Appends `bytes` at the end of the chunk.
@discardableResult
func append(_ chunk: UnsealedChunk, _ bytes: [UInt8], at offset: Int64? = nil, version: UInt64 = 1) throws -> Int64 {
    let place = try offset ?? chunk.standing().length
    return try chunk.append([ByteBuffer(bytes: bytes)], crc32c: CRC32C.of(bytes), at: place, version: version)
}

@Suite struct OpenChunkTests {
    private let disk = SimulatedDisk()

    private func begin(_ store: ChunkStore, version: UInt64 = 1) throws -> UnsealedChunk {
        try store.beginOpen(id("f_0"), version: version, chunkSize: openSize).0
    }

    @Test func chunkIsOpenUntilItIsSealedAndLikeAllOthersThen() throws {
        let store = try openStore(on: disk)
        let chunk = try begin(store)
        try append(chunk, content(3000))
        try append(chunk, content(2000, seed: 2))
        #expect(store.withCatalog { $0.ids(includingUnfinished: true).map(\.text) } == ["f_0"])
        #expect(store.withCatalog { $0.ids(includingUnfinished: false) } == [])
        #expect(code { _ = try read(store, "f_0") } == .notFound)
        #expect(try store.fence(id("f_0"), version: 2) == .init(hasChunk: true, length: 5000, isSealed: false))
        let digest = try store.seal(id("f_0"), version: 2, length: 5000)
        let bytes = content(3000) + content(2000, seed: 2)
        #expect(digest == ContentDigest(length: 5000, crc32c: CRC32C.of(bytes)))
        #expect(try read(store, "f_0") == bytes)
        #expect(store.withCatalog { $0.isOpen(chunk.id) } == false)
        #expect(disk.files.filter { $0.contains("/open/") } == [])
    }

    /// Otherwise the first reader waits until the chunk is read as a whole.
    @Test func sealedChunkHasItsTableOfBlockChecksums() throws {
        let store = try openStore(on: disk)
        let size = BlockChecksums.wholeBlockSize + 70_000
        let chunk = try store.beginOpen(id("f_0"), version: 1, chunkSize: Int64(size)).0
        let bytes = content(size)
        try append(chunk, Array(bytes[..<900_000]))
        try append(chunk, Array(bytes[900_000...]))
        _ = try store.fence(id("f_0"), version: 2)
        #expect(try store.keptTable(of: id("f_0"), length: Int64(size)) == nil)
        let digest = try store.seal(id("f_0"), version: 2, length: Int64(size))
        #expect(try store.keptTable(of: id("f_0"), length: Int64(size))?.digest == digest)
        #expect(try read(store, "f_0") == bytes)
    }

    @Test(arguments: [false, true]) func whatASealReadsBackIsComparedWithWhatWasAppended(isDamaged: Bool) throws {
        let store = try openStore(on: disk)
        let size = BlockChecksums.wholeBlockSize + 70_000
        let chunk = try store.beginOpen(id("f_0"), version: 1, chunkSize: Int64(size)).0
        try append(chunk, content(size))
        _ = try store.fence(id("f_0"), version: 2)
        if isDamaged { try disk.rot("/data/.dfs/open/f_0", at: 500) }
        var suspects: [ChunkID] = []
        _ = try store.seal(id("f_0"), version: 2, length: Int64(size)) { suspects.append($0) }
        #expect(try suspects == (isDamaged ? [id("f_0")] : []))
        #expect(try (store.keptTable(of: id("f_0"), length: Int64(size)) == nil) == isDamaged)
    }

    @Test func sealAndFenceAreAnsweredAgainAfterTheSeal() throws {
        let store = try openStore(on: disk)
        try append(begin(store), content(100))
        _ = try store.fence(id("f_0"), version: 2)
        let digest = try store.seal(id("f_0"), version: 2, length: 100)
        #expect(try store.seal(id("f_0"), version: 2, length: 100) == digest)
        #expect(try store.fence(id("f_0"), version: 3) == .init(hasChunk: true, length: 100, isSealed: true))
        #expect(code { _ = try store.seal(id("f_0"), version: 2, length: 99) } == .failedPrecondition)
        #expect(code { _ = try begin(store, version: 9) } == .failedPrecondition)
    }

    @Test func sealCutsToALengthThatIsNoBatchEnd() throws {
        let store = try openStore(on: disk)
        try append(begin(store), content(3000))
        _ = try store.fence(id("f_0"), version: 2)
        let digest = try store.seal(id("f_0"), version: 2, length: 1234)
        #expect(digest.crc32c == CRC32C.of(content(3000).prefix(1234)))
        #expect(try read(store, "f_0") == Array(content(3000).prefix(1234)))
    }

    @Test func fenceStopsTheOldVersionAndSealNeedsItsVersion() throws {
        let store = try openStore(on: disk)
        let chunk = try begin(store)
        try append(chunk, content(10))
        _ = try store.fence(id("f_0"), version: 3)
        #expect(code { try append(chunk, content(10)) } == .failedPrecondition)
        #expect(code { _ = try store.fence(id("f_0"), version: 2) } == .failedPrecondition)
        #expect(code { _ = try store.seal(id("f_0"), version: 2, length: 10) } == .failedPrecondition)
        #expect(code { _ = try store.seal(id("f_0"), version: 3, length: 11) } == .outOfRange)
        #expect(try store.seal(id("f_0"), version: 3, length: 10).length == 10)
    }

    @Test func fenceOfAnUnknownChunkIsKeptAndIsNoChunk() throws {
        do {
            let store = try openStore(on: disk)
            #expect(try store.fence(id("f_0"), version: 5) == .init(hasChunk: false, length: 0, isSealed: false))
        }
        disk.restart()
        let store = try openStore(on: disk)
        #expect(code { _ = try begin(store, version: 4) } == .failedPrecondition)
        #expect(try store.fence(id("f_0"), version: 5) == .init(hasChunk: false, length: 0, isSealed: false))
        let chunk = try begin(store, version: 6)
        try append(chunk, content(10), version: 6)
        #expect(try store.fence(id("f_0"), version: 7) == .init(hasChunk: true, length: 10, isSealed: false))
    }

    @Test func bytesOfALowerVersionAreNeverGivenUpForAHigherOne() throws {
        let store = try openStore(on: disk)
        let chunk = try begin(store)
        #expect(try store.beginOpen(id("f_0"), version: 1, chunkSize: openSize).isNew == false)
        #expect(try store.beginOpen(id("f_0"), version: 2, chunkSize: openSize).isNew)
        try append(chunk, content(10), version: 2)
        #expect(code { _ = try begin(store, version: 3) } == .failedPrecondition)
        #expect(try chunk.standing().length == 10)
    }

    @Test func repeatedBytesAreAnsweredAndOthersRefused() throws {
        let store = try openStore(on: disk)
        let chunk = try begin(store)
        try append(chunk, content(1000))
        try append(chunk, content(500, seed: 2))
        #expect(try append(chunk, content(1000), at: 0) == 1500)
        #expect(code { try append(chunk, content(1000, seed: 3), at: 0) } == .failedPrecondition)
        #expect(code { try append(chunk, content(501, seed: 2), at: 1000) } == .failedPrecondition)
        #expect(code { try append(chunk, content(10), at: 1501) } == .failedPrecondition)
    }

    @Test func whatDoesNotFitIsRefusedAndTheRestStays() throws {
        let store = try openStore(on: disk)
        let chunk = try begin(store)
        try append(chunk, content(9000))
        #expect(code { try append(chunk, content(1001)) } == .outOfRange)
        #expect(try append(chunk, content(1000)) == 10_000)
    }

    @Test func restartedChunkTakesNothingMoreAndKeepsItsBytes() throws {
        do {
            let store = try openStore(on: disk)
            try append(begin(store), content(700))
        }
        disk.restart()
        let store = try openStore(on: disk)
        #expect(store.startReport.open == 1)
        let chunk = try #require(try store.unsealed(id("f_0")))
        #expect(try chunk.standing() == .init(version: 1, fence: 1, length: 700, isFrozen: true))
        #expect(code { try append(chunk, content(1)) } == .unavailable)
        #expect(code { _ = try begin(store) } == .unavailable)
        _ = try store.fence(id("f_0"), version: 2)
        #expect(try store.seal(id("f_0"), version: 2, length: 700).crc32c == CRC32C.of(content(700)))
    }

    private func damageAfterFiveBatches(at offset: Int64) throws -> ChunkStore {
        do {
            let store = try openStore(on: disk)
            let chunk = try begin(store)
            for seed in 0..<5 { try append(chunk, content(100, seed: seed)) }
        }
        let file = try disk.open("/data/.dfs/open/f_0", .continuing)
        try file.write([ByteBuffer(bytes: [255, 254, 253])], at: offset)
        try file.sync()
        disk.restart()
        return try openStore(on: disk)
    }

    /// Later batches prove that these had been synced, and may have been acknowledged: the other servers say where the chunk ends.
    @Test func damagedBytesBelowTheLastBatchAreNoEndOfTheChunk() throws {
        let store = try damageAfterFiveBatches(at: 250)
        #expect(code { _ = try store.fence(id("f_0"), version: 2) } == .dataLoss)
        #expect(code { _ = try store.seal(id("f_0"), version: 2, length: 200) } == .dataLoss)
        let kept = disk.contents(of: "/data/.dfs/open/f_0")
        try store.deleteOpen(id("f_0"), .doubtful)
        let moved = try #require(disk.files.first { $0.contains("/quarantine/") })
        #expect(disk.contents(of: moved) == kept, "an operator may make something of it")
    }

    @Test func theLastBatchMayBeTornAndTheRestBeforeItIsKept() throws {
        let store = try damageAfterFiveBatches(at: 450)
        #expect(try store.fence(id("f_0"), version: 2).length == 400)
        // A later start finds the same, with the fence behind what no longer counts.
        let again = try #require(try store.unsealed(id("f_0")))
        #expect(try again.standing().fence == 2)
    }

    @Test func deletedOpenChunkCanBeRestoredAsAChunk() throws {
        do {
            let store = try openStore(on: disk)
            try append(begin(store), content(700))
            _ = try store.beginOpen(id("g_0"), version: 1, chunkSize: openSize)
            try store.deleteOpen(id("f_0"), .doubtful)
            try store.deleteOpen(id("g_0"), .doubtful)
            #expect(store.withCatalog { $0.openCount } == 0)
            #expect(try store.freeMiB() == Int64.max >> 20 || store.freeMiB() > 0)
        }
        let kept = try #require(disk.files.first { $0.contains("/quarantine/") })
        #expect(disk.contents(of: kept) == content(700))
        #expect(disk.files.filter { $0.contains("g_0") } == [])
        try disk.rename(kept, to: "/data/f_0", replacing: false)
        disk.restart(keepingUnsynced: true)
        #expect(try read(openStore(on: disk), "f_0") == content(700))
    }

    /// A file that came back with the power would be nobody's: lists do not show it.
    @Test(arguments: [0, 700]) func deletedOpenChunkStaysDeletedThroughAPowerLoss(byteCount: Int) throws {
        let store = try openStore(on: disk)
        let chunk = try begin(store)
        if byteCount > 0 { try append(chunk, content(byteCount)) }
        try store.deleteOpen(id("f_0"), .certain)
        disk.restart()
        #expect(try openStore(on: disk).withCatalog { $0.openCount } == 0)
    }

    @Test func deletionOfAnOpenChunkThatFailsAtAnyCallIsCarriedOutWhenTriedAgain() throws {
        for byteCount in [0, 700] {
            var (call, hasStruck) = (1, true)
            while hasStruck {
                let disk = SimulatedDisk()
                let store = try openStore(on: disk)
                let chunk = try store.beginOpen(id("f_0"), version: 1, chunkSize: openSize).0
                if byteCount > 0 { try append(chunk, content(byteCount)) }
                disk.strike(.failOnce, atCall: call)
                try? store.deleteOpen(id("f_0"), .certain)
                hasStruck = disk.calmDown()
                try store.deleteOpen(id("f_0"), .certain)
                #expect(store.withCatalog { $0.openCount } == 0, "call \(call)")
                disk.restart()
                #expect(try openStore(on: disk).withCatalog { $0.openCount } == 0, "call \(call)")
                call += 1
            }
            #expect(call > 2)
        }
    }

    @Test func anOpenChunkWhoseSealFailedAtAnyCallCanBeDeleted() throws {
        var (call, hasStruck) = (1, true)
        while hasStruck {
            let disk = SimulatedDisk()
            let store = try openStore(on: disk)
            let chunk = try store.beginOpen(id("f_0"), version: 1, chunkSize: openSize).0
            try append(chunk, content(700))
            _ = try store.fence(id("f_0"), version: 2)
            disk.strike(.failOnce, atCall: call)
            let isSealed = (try? store.seal(id("f_0"), version: 2, length: 700)) != nil
            hasStruck = disk.calmDown()
            if isSealed { break }
            try store.deleteOpen(id("f_0"), .certain)
            disk.restart()
            let again = try openStore(on: disk)
            #expect(again.withCatalog { $0.openCount == 0 && $0.storedCount == 0 }, "call \(call)")
            call += 1
        }
        #expect(call > 4)
    }

    /// Calls arrive late, after their callers gave up: what one of them made would be left for ever.
    @Test func whatIsDeletedByTheMastersWordIsNotOpenedAgain() throws {
        let store = try openStore(on: disk)
        _ = try begin(store)
        store.neverOpenAgain(try id("f_0"))
        try store.deleteOpen(id("f_0"), .certain)
        #expect(code { _ = try begin(store) } == .failedPrecondition)
        #expect(code { _ = try store.fence(id("f_0"), version: 2) } == .failedPrecondition)
        store.neverOpenAgain(try id("g_0"))
        #expect(code { _ = try store.fence(id("g_0"), version: 2) } == .failedPrecondition)
        #expect(disk.files.filter { $0.contains("/open/") } == [])
        try put(store, "f_0", content(100))
        #expect(try read(store, "f_0") == content(100), "as a whole chunk it may come")
        #expect(try store.fence(id("f_0"), version: 3).isSealed)
    }

    @Test func wholeChunkThatComesByUploadTakesTheOpenOnesPlace() throws {
        let store = try openStore(on: disk)
        let chunk = try begin(store)
        try append(chunk, content(700))
        try put(store, "f_0", content(900))
        #expect(try read(store, "f_0") == content(900))
        #expect(code { try append(chunk, content(1), at: 700) } == .notFound)
        #expect(disk.files.filter { $0.contains("/open/") } == [])
    }

    @Test func tooManyOpenChunksAndTooLittleRoomAreRefused() throws {
        var settings = ChunkStore.Settings()
        settings.maxOpenChunks = 1
        let small = SimulatedDisk(capacity: 25_000)
        let store = try ChunkStore(
            root: "/data", files: small, settings: settings, wallClock: { 1_000_000 }, newNodeID: "n")
        #expect(code { _ = try store.beginOpen(id("f_0"), version: 1, chunkSize: 30_000) } == .resourceExhausted)
        #expect(store.withCatalog { $0.openCount } == 0)
        _ = try store.beginOpen(id("f_0"), version: 1, chunkSize: 5000)
        #expect(code { _ = try store.beginOpen(id("g_0"), version: 1, chunkSize: 5000) } == .resourceExhausted)
        #expect(try store.fence(id("g_0"), version: 1).hasChunk == false, "fences are always taken")
    }
}
