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

    @Test func whatCannotBeErasedKeepsNothingElseFromBeingErased() throws {
        let disk = SimulatedDisk()
        let files = WatchedFiles(disk) { call, path throws(DFSError) in
            if call == .remove, path.hasSuffix("/a_0") { throw DFSError(.permissionDenied, "cannot remove \(path)") }
        }
        let second = Mutex<Int64>(6000)
        let store = try openStore(on: files, keep: .seconds(100), second: { second.withLock { $0 } })
        for name in ["a_0", "b_0", "c_0"] {
            try put(store, name, content(10))
            _ = try store.quarantine(id(name), .doubtful)
            if name == "b_0" { second.withLock { $0 += 60 } }
        }
        try disk.makeFolder("/data/.dfs/quarantine/\(Int64.max)")
        second.withLock { $0 += 1000 }
        #expect(code { _ = try store.purgeQuarantine() } == .permissionDenied)
        #expect(disk.files.filter { $0.contains("/quarantine/") } == ["/data/.dfs/quarantine/6000/a_0"])
        #expect(try disk.names(inFolder: "/data/.dfs/quarantine").sorted() == ["6000", "\(Int64.max)"])
    }

    /// Those that the master never misses are not in the way of the others.
    @Test func damagedChunksAreAskedForAPageAtATime() throws {
        let disk = SimulatedDisk()
        do {
            let store = try openStore(on: disk)
            for number in 0..<5 {
                try put(store, "f_\(number)", content(10))
                _ = try store.quarantine(id("f_\(number)"), .damaged)
            }
        }
        disk.restart(keepingUnsynced: true)
        let store = try openStore(on: disk, second: { 1_000_000 + 7200 })
        let first = try store.dueDamagedChunks(after: nil, limit: 3)
        #expect(first.map(\.text) == ["f_0", "f_1", "f_2"])
        #expect(try store.dueDamagedChunks(after: first.last, limit: 3).map(\.text) == ["f_3", "f_4"])
        #expect(try store.dueDamagedChunks(after: id("f_4"), limit: 3) == [])
    }

    @Test func aLengthThatNoChunkHasIsRefusedBeforeItIsSetAside() throws {
        let store = try openStore(on: SimulatedDisk(takesDirectWrites: true))
        let expected = ExpectedContent(length: 4 << 30 + 1)
        #expect(code { try store.beginUpload(of: id("f_0"), expecting: expected).abandon() } == .invalidArgument)
        try store.beginUpload(of: id("f_0"), expecting: ExpectedContent(length: 4 << 30)).abandon()
    }
}
