import DFSCore
import DFSFiles
import DFSSimulation
import NIOCore
import Synchronization
import Testing

@testable import DFSChunkStore

@Suite struct QuarantineTests {
    @Test func deletedChunkLeavesTheListAndIsKeptForItsTime() throws {
        let disk = SimulatedDisk()
        let second = Mutex<Int64>(6000)
        let clock: @Sendable () -> Int64 = { second.withLock { $0 } }
        let store = try openStore(on: disk, keep: .seconds(100), second: clock)
        try put(store, "f_0", content(10))
        #expect(try store.quarantine(id("f_0"), .doubtful) == .removed)
        #expect(store.withCatalog { $0.ids(includingUnfinished: true) } == [])
        #expect(disk.contents(of: "/data/.dfs/quarantine/6000/f_0") == content(10))
        second.withLock { $0 = 6159 }
        #expect(try store.purgeQuarantine() == 0)
        second.withLock { $0 = 6160 }
        #expect(try store.purgeQuarantine() == 1)
        #expect(disk.files == ["/data/.dfs/node-id"])
    }

    @Test func sameIdDeletedTwiceIsKeptTwice() throws {
        let disk = SimulatedDisk()
        let store = try openStore(on: disk, second: { 6000 })
        for seed in 1...2 {
            try put(store, "f_0", content(10, seed: seed))
            #expect(try store.quarantine(id("f_0"), .doubtful) == .removed)
        }
        #expect(disk.contents(of: "/data/.dfs/quarantine/6000/f_0") == content(10, seed: 1))
        #expect(disk.contents(of: "/data/.dfs/quarantine/6001/f_0") == content(10, seed: 2))
    }

    @Test func chunkBeingUploadedIsNotDeleted() throws {
        let store = try openStore(on: SimulatedDisk())
        #expect(try store.quarantine(id("f_0"), .doubtful) == .absent)
        let upload = try store.beginUpload(of: id("f_0"), expecting: ExpectedContent())
        #expect(try store.quarantine(id("f_0"), .doubtful) == .busy)
        upload.abandon()
    }

    @Test func fileMovedBackWhileStoppedIsTakenUpAgain() throws {
        let disk = SimulatedDisk()
        do {
            let store = try openStore(on: disk, second: { 6000 })
            try put(store, "f_0", content(10))
            _ = try store.quarantine(id("f_0"), .doubtful)
        }
        try disk.rename("/data/.dfs/quarantine/6000/f_0", to: "/data/f_0", replacing: false)
        let store = try openStore(on: disk)
        #expect(store.startReport.complete == 1)
        #expect(try read(store, "f_0") == content(10))
    }

    @Test func failedMoveLeavesTheChunkListed() throws {
        let disk = SimulatedDisk()
        let store = try openStore(on: disk)
        try put(store, "f_0", content(10))
        disk.strike(.failOnce, atCall: 2)
        #expect(code { _ = try store.quarantine(id("f_0"), .doubtful) } == .dataLoss)
        #expect(disk.calmDown())
        #expect(try read(store, "f_0") == content(10))
    }

    /// As long as its file is in the way, no good copy can come in its place.
    @Test func aDamagedChunkWhoseFileCouldNotBeMovedIsMovedLater() throws {
        var (call, hasStruck) = (1, true)
        while hasStruck {
            let disk = SimulatedDisk()
            let store = try openStore(on: disk)
            try put(store, "f_0", content(1000))
            disk.strike(.failOnce, atCall: call)
            _ = try? store.quarantine(id("f_0"), .damaged)
            hasStruck = disk.calmDown()
            _ = try store.purgeQuarantine()
            #expect(disk.contents(of: "/data/f_0") == nil, "call \(call)")
            try put(store, "f_0", content(1000, seed: 2))
            #expect(try read(store, "f_0") == content(1000, seed: 2), "call \(call)")
            _ = try store.purgeQuarantine()
            #expect(disk.contents(of: "/data/f_0") != nil, "call \(call)")
            call += 1
        }
        #expect(call > 2)
    }
}
