import DFSCore
import DFSSimulation
import Glibc
import NIOCore
import Synchronization
import Testing

@testable import DFSChunkStore
@testable import DFSFiles

/// What gives way on a full disk, and what never does.
@Suite struct ReclaimTests {
    /// Deletes the chunks a minute apart, the first one first.
    private func delete(_ names: [String], _ ground: DeletionGround, on disk: SimulatedDisk) throws {
        for (minute, name) in names.enumerated() {
            let store = try openStore(on: disk, second: { 6000 + 60 * Int64(minute) })
            #expect(try store.quarantine(id(name), ground) == .removed)
        }
    }

    /// A disk of 10,000 bytes and some for the node's id, with these chunks of 3,000 bytes.
    private func disk(holding names: [String]) throws -> SimulatedDisk {
        let disk = SimulatedDisk(capacity: 10_007)
        let store = try openStore(on: disk)
        for name in names { try put(store, name, content(3000)) }
        return disk
    }

    private func quarantined(_ disk: SimulatedDisk) -> [String] {
        disk.files.filter { $0.contains("/quarantine/") }.map { String($0.dropFirst("/data/.dfs/quarantine/".count)) }
    }

    @Test func oldestGivesWayAndNoMoreThanIsNeeded() throws {
        let disk = try disk(holding: ["a_0", "b_0", "c_0"])
        try delete(["b_0", "a_0", "c_0"], .certain, on: disk)
        let store = try openStore(on: disk)
        try put(store, "d_0", content(1500), expecting: ExpectedContent(length: 1500))
        #expect(quarantined(disk) == ["6060-spare/a_0", "6120-spare/c_0"])
        #expect(store.takeReclaimed() == .init(chunks: 1, bytes: 3000))
        #expect(store.takeReclaimed() == .init())
        try put(store, "e_0", content(8000), expecting: ExpectedContent(length: 8000))
        #expect(quarantined(disk) == [])
        #expect(try read(store, "d_0") == content(1500))
        #expect(try read(store, "e_0") == content(8000))
    }

    @Test func uploadThatDoesNotSayItsLengthTakesRoomAsItGrows() throws {
        let disk = try disk(holding: ["a_0", "b_0", "c_0"])
        try delete(["a_0", "b_0"], .certain, on: disk)
        let store = try openStore(on: disk)
        try put(store, "d_0", content(3500))
        #expect(quarantined(disk) == ["6060-spare/b_0"])
        #expect(try read(store, "d_0") == content(3500))
    }

    @Test func whatMayBeTheLastGoodCopyStays() throws {
        let disk = try disk(holding: ["a_0", "b_0", "c_0"])
        try delete(["a_0", "b_0", "c_0"], .doubtful, on: disk)
        let store = try openStore(on: disk)
        #expect(code { try put(store, "d_0", content(1500)) } == .resourceExhausted)
        let announced = ExpectedContent(length: 1500)
        #expect(code { try put(store, "d_0", content(1500), expecting: announced) } == .resourceExhausted)
        #expect(quarantined(disk) == ["6000/a_0", "6060/b_0", "6120/c_0"])
        try put(store, "e_0", content(1000), expecting: ExpectedContent(length: 1000))
    }

    @Test func nothingGivesWayToWhatWouldNotFitEvenSo() throws {
        let disk = try disk(holding: ["a_0", "b_0", "c_0"])
        try delete(["a_0"], .certain, on: disk)
        let store = try openStore(on: disk)
        let announced = ExpectedContent(length: 4500)
        #expect(code { try put(store, "d_0", content(4500), expecting: announced) } == .resourceExhausted)
        #expect(quarantined(disk) == ["6000-spare/a_0"])
    }

    @Test func whatGivesWayCountsAsFreeUntilItsTimeIsOver() throws {
        let disk = SimulatedDisk(capacity: 10 << 20)
        let second = Mutex<Int64>(6000)
        let store = try openStore(on: disk, keep: .seconds(100), second: { second.withLock { $0 } })
        for name in ["a_0", "b_0"] { try put(store, name, content(3 << 20)) }
        #expect(try store.freeMiB() == 3)
        _ = try store.quarantine(id("a_0"), .doubtful)
        #expect(try store.freeMiB() == 3)
        _ = try store.quarantine(id("b_0"), .certain)
        #expect(try store.freeMiB() == 6)
        second.withLock { $0 = 7000 }
        #expect(try store.purgeQuarantine() == 2)
        #expect(try store.freeMiB() == 9)
    }

    @Test func spareChunkThatCannotBeErasedIsPassedOver() throws {
        let disk = try disk(holding: ["a_0", "b_0", "c_0"])
        try delete(["a_0", "b_0"], .certain, on: disk)
        let store = try openStore(on: disk)
        // The free space is measured, then the oldest is removed.
        disk.strike(.failOnce, atCall: 2)
        try put(store, "d_0", content(1500), expecting: ExpectedContent(length: 1500))
        #expect(disk.calmDown())
        #expect(quarantined(disk) == ["6000-spare/a_0"])
        #expect(store.takeReclaimed() == .init(chunks: 1, bytes: 3000))
    }

    @Test func diskTooFullForTheQuarantineLetsCertainDeletionsThrough() throws {
        let disk = try disk(holding: ["a_0", "b_0"])
        let store = try openStore(on: disk)
        disk.strike(.fullOnce, atCall: 1)
        #expect(code { _ = try store.quarantine(id("a_0"), .doubtful) } == .resourceExhausted)
        #expect(try read(store, "a_0") == content(3000))
        disk.strike(.fullOnce, atCall: 1)
        #expect(try store.quarantine(id("b_0"), .certain) == .removed)
        #expect(disk.files == ["/data/.dfs/node-id", "/data/a_0"])
    }

    /// Neither is a disk that is full.
    @Test(arguments: [EMFILE, ENFILE, ENOMEM]) func nothingGivesWayForWantOfOpenFilesOrMemory(number: Int32) throws {
        let disk = try disk(holding: ["a_0", "b_0"])
        try delete(["a_0"], .certain, on: disk)
        let files = WatchedFiles(disk) { call, path throws(DFSError) in
            let isRefused =
                switch call {
                case .open: path.hasPrefix("/data/.dfs/tmp/")
                case .makeFolder: path.hasSuffix("-spare")
                default: false
                }
            if isRefused { throw SystemError.error(number, cannot: "open", path) }
        }
        let store = try openStore(on: files)
        #expect(code { try put(store, "d_0", content(100)) } == .unavailable)
        #expect(code { _ = try store.quarantine(id("b_0"), .certain) } == .unavailable)
        #expect(quarantined(disk) == ["6000-spare/a_0"])
        #expect(store.takeReclaimed() == .init())
        #expect(try read(store, "b_0") == content(3000))
    }
}
