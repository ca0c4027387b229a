import DFSCore
import DFSFiles
import DFSSimulation
import NIOCore
import Synchronization
import Testing

@testable import DFSChunkStore

/// A start that meets files which cannot be read or removed.
@Suite struct StartTests {
    /// A disk on which single paths fail while they are named.
    private final class BrokenPaths: Sendable {
        let broken = Mutex<[String: DFSError.Code]>([:])

        func files(on disk: SimulatedDisk, _ calls: Set<WatchedFiles.Call> = [.open]) -> WatchedFiles {
            WatchedFiles(disk) { [self] call, path throws(DFSError) in
                guard calls.contains(call), let code = broken.withLock({ $0[path] }) else { return }
                throw DFSError(code, "cannot use \(path)")
            }
        }

        func set(_ path: String, _ code: DFSError.Code?) { broken.withLock { $0[path] = code } }
    }

    private static let names = ["a_0", "b_0", "c_0"]

    private func diskWithThreeChunks() throws -> SimulatedDisk {
        let disk = SimulatedDisk()
        let store = try openStore(on: disk)
        for name in Self.names { try put(store, name, content(1500)) }
        _ = try disk.open("/data/.dfs/tmp/upload-1", .creating)
        _ = try disk.open("/data/.dfs/checksums/gone_0", .creating)
        return disk
    }

    /// Only calls that the whole folder depends on keep the server from starting: four folders, the lock, two for the node's id,
    /// two syncs, three lists.
    @Test func aCallThatFailsOnceCostsNoChunk() throws {
        var (refused, started, call, hasStruck) = (0, 0, 1, true)
        while hasStruck {
            let disk = try diskWithThreeChunks()
            disk.restart(keepingUnsynced: true)
            disk.strike(.failOnce, atCall: call)
            if let store = try? openStore(on: disk) {
                hasStruck = disk.calmDown()
                started += 1
                let listed = store.withCatalog { $0.ids(includingUnfinished: true) }.map(\.text)
                #expect(listed.count == 3, "call \(call)")
                for name in listed { #expect(try read(store, name) == content(1500), "call \(call)") }
                #expect(store.startReport.unreadable.isEmpty, "call \(call)")
                for name in Self.names { try put(store, name, content(1500)) }
                for name in Self.names { #expect(try read(store, name) == content(1500), "call \(call)") }
            } else {
                hasStruck = disk.calmDown()
                refused += 1
            }
            call += 1
        }
        #expect(refused == 12)
        #expect(started > 10)
    }

    @Test func anOpenChunkThatCannotBeReadIsNotSaidToBeAbsent() throws {
        let (disk, paths, path) = (SimulatedDisk(), BrokenPaths(), "/data/.dfs/open/f_0")
        do {
            let store = try openStore(on: disk)
            try append(store.beginOpen(id("f_0"), version: 3, chunkSize: openSize).0, content(700), version: 3)
        }
        disk.restart()
        paths.set(path, .dataLoss)
        let store = try openStore(on: paths.files(on: disk))
        #expect(store.startReport.openUnreadable.map(\.id) == [try id("f_0")])
        #expect(code { _ = try store.fence(id("f_0"), version: 4) } == .dataLoss)
        #expect(code { _ = try store.beginOpen(id("f_0"), version: 9, chunkSize: openSize) } == .dataLoss)
        #expect(code { _ = try store.seal(id("f_0"), version: 4, length: 700) } == .dataLoss)
        #expect(store.unservedCount == 1)
        // As soon as it can be read it answers as what it is.
        paths.set(path, nil)
        #expect(code { _ = try store.beginOpen(id("f_0"), version: 2, chunkSize: openSize) } == .failedPrecondition)
        #expect(try store.fence(id("f_0"), version: 4) == .init(hasChunk: true, length: 700, isSealed: false))
        #expect(code { _ = try store.fence(id("f_0"), version: 3) } == .failedPrecondition)
        _ = try store.seal(id("f_0"), version: 4, length: 700)
        #expect(try read(store, "f_0") == content(700))
    }

    /// It had one when anybody was told of the chunk, which may have bytes that were acknowledged.
    @Test(arguments: [false, true]) func anOpenChunkWithoutAJournalIsNotSaidToBeAbsent(isEmpty: Bool) throws {
        let (disk, path) = (SimulatedDisk(), "/data/.dfs/open/f_0")
        do {
            let store = try openStore(on: disk)
            try append(store.beginOpen(id("f_0"), version: 3, chunkSize: openSize).0, content(700), version: 3)
        }
        let file = try disk.open(path, .continuing)
        let size = try file.size()
        if isEmpty {
            try file.truncate(to: 0)
        } else {
            try file.write([ByteBuffer(repeating: 0, count: Int(size) - 8192)], at: 8192)
        }
        for _ in 0..<2 {
            let store = try openStore(on: disk)
            #expect(code { _ = try store.fence(id("f_0"), version: 4) } == .dataLoss)
            #expect(code { _ = try store.beginOpen(id("f_0"), version: 9, chunkSize: openSize) } == .dataLoss)
            #expect(code { _ = try store.seal(id("f_0"), version: 4, length: 0) } == .dataLoss)
            #expect(store.unservedCount == 1)
            #expect(disk.contents(of: path) != nil)
        }
        let store = try openStore(on: disk)
        try store.deleteOpen(id("f_0"), .doubtful)
        #expect(store.withCatalog { $0.openCount } == 0)
        #expect(disk.files.filter { $0.hasSuffix("/f_0") } == ["/data/.dfs/quarantine/999960/f_0"])
    }

    /// A process that is killed within an upload or a fence leaves names that are not durable. Who starts on them tells of them.
    @Test func whatAStartTellsOfOutlastsAPowerLoss() throws {
        var (call, hasStruck) = (1, true)
        while hasStruck {
            let disk = SimulatedDisk()
            do {
                let store = try openStore(on: disk)
                disk.strike(.powerLoss, atCall: call)
                _ = try? put(store, "a_0", content(700))
                _ = try? store.fence(id("f_0"), version: 5)
            }
            // Of the process alone.
            hasStruck = disk.calmDown()
            let (listed, fence): ([ChunkID], UInt64?)
            do {
                let store = try openStore(on: disk)
                listed = store.follow().map(\.id)
                fence = try store.unsealed(id("f_0"))?.standing().fence
                if let fence { _ = try store.fence(id("f_0"), version: fence) }
            }
            disk.restart()
            let store = try openStore(on: disk)
            #expect(store.follow().map(\.id) == listed, "call \(call)")
            for chunk in listed { #expect(try read(store, chunk.text) == content(700), "call \(call)") }
            if let fence {
                #expect(
                    code { _ = try store.beginOpen(id("f_0"), version: fence - 1, chunkSize: openSize) }
                        == .failedPrecondition, "call \(call)")
            }
            call += 1
        }
        #expect(call > 12)
    }

    @Test func anOpenChunkThatCannotBeReadCanBeDeleted() throws {
        let (disk, paths) = (SimulatedDisk(), BrokenPaths())
        do {
            let store = try openStore(on: disk)
            try append(store.beginOpen(id("f_0"), version: 3, chunkSize: openSize).0, content(700), version: 3)
        }
        disk.restart()
        paths.set("/data/.dfs/open/f_0", .dataLoss)
        let store = try openStore(on: paths.files(on: disk))
        try store.deleteOpen(id("f_0"), .certain)
        #expect(store.withCatalog { $0.openCount } == 0)
        #expect(disk.files.filter { $0.hasSuffix("/f_0") } == ["/data/.dfs/quarantine/999960-spare/f_0"])
    }

    /// Beside a whole chunk an open file is a leftover, but only where that can be read.
    @Test func anOpenFileBesideAChunkThatCannotBeReadStays() throws {
        let (disk, paths) = (SimulatedDisk(), BrokenPaths())
        do {
            let store = try openStore(on: disk)
            try append(store.beginOpen(id("f_0"), version: 1, chunkSize: openSize).0, content(700))
            try put(store, "g_0", content(700))
            try disk.rename("/data/g_0", to: "/data/f_0", replacing: false)
        }
        disk.restart(keepingUnsynced: true)
        paths.set("/data/f_0", .dataLoss)
        _ = try openStore(on: paths.files(on: disk))
        #expect(disk.contents(of: "/data/.dfs/open/f_0") != nil)
    }

    @Test(arguments: [DFSError.Code.dataLoss, .permissionDenied])
    func aFileThatCannotBeReadGivesWayToAGoodCopy(code failure: DFSError.Code) throws {
        let (disk, paths) = (try diskWithThreeChunks(), BrokenPaths())
        disk.restart(keepingUnsynced: true)
        paths.set("/data/b_0", failure)
        let store = try openStore(on: paths.files(on: disk))
        #expect(store.withCatalog { $0.ids(includingUnfinished: true) }.map(\.text) == ["a_0", "c_0"])
        #expect(code { _ = try store.openChunk(id("b_0")) } == .notFound)
        #expect(code { _ = try store.fence(id("b_0"), version: 1) } == .dataLoss, "it may have been sealed here")
        try put(store, "b_0", content(1500, seed: 2))
        paths.set("/data/b_0", nil)
        #expect(try read(store, "b_0") == content(1500, seed: 2))
        #expect(disk.contents(of: "/data/.dfs/quarantine/999960-damaged/b_0") == content(1500))
    }

    /// What an operator has put there with another owner stays for him; what the disk does not give back goes to quarantine.
    @Test(arguments: [DFSError.Code.dataLoss, .permissionDenied])
    func aFileThatCannotBeReadIsMovedOnlyWhereItIsDamaged(code failure: DFSError.Code) throws {
        let (disk, paths) = (try diskWithThreeChunks(), BrokenPaths())
        disk.restart(keepingUnsynced: true)
        paths.set("/data/b_0", failure)
        let store = try openStore(on: paths.files(on: disk))
        _ = try store.purgeQuarantine()
        #expect((disk.contents(of: "/data/b_0") == nil) == (failure == .dataLoss))
        #expect(store.unservedCount == (failure == .dataLoss ? 0 : 1))
        #expect(throws: DFSError.self) { try store.fence(id("b_0"), version: 1) }
    }

    @Test(arguments: [10, 11]) func aFolderInWhichMuchCannotBeReadIsLeftAlone(count: Int) throws {
        let (disk, paths) = (SimulatedDisk(), BrokenPaths())
        do {
            let store = try openStore(on: disk)
            for number in 0..<20 { try put(store, "f_\(number)", content(10)) }
        }
        disk.restart(keepingUnsynced: true)
        for number in 0..<count { paths.set("/data/f_\(number)", .permissionDenied) }
        let result = code { _ = try openStore(on: paths.files(on: disk)) }
        #expect(result == (count > 10 ? .permissionDenied : nil))
        #expect(disk.files.filter { $0.hasPrefix("/data/f_") }.count == 20)
    }

    @Test func whatCannotBeRemovedIsInNobodysWay() throws {
        let (disk, paths) = (try diskWithThreeChunks(), BrokenPaths())
        disk.restart(keepingUnsynced: true)
        for path in ["/data/.dfs/tmp/upload-1", "/data/.dfs/checksums/gone_0"] { paths.set(path, .dataLoss) }
        let store = try openStore(on: paths.files(on: disk, [.remove]))
        #expect(store.startReport.leftovers.count == 2)
        #expect(store.startReport.temporariesRemoved == 0)
        try put(store, "d_0", content(1500))
        #expect(try read(store, "d_0") == content(1500))
    }

    /// The limit of open files, or a disk that does not answer, speaks against no file.
    @Test func whatIsNoFaultOfOneFileKeepsTheServerFromStarting() throws {
        let (disk, paths) = (try diskWithThreeChunks(), BrokenPaths())
        disk.restart(keepingUnsynced: true)
        paths.set("/data/b_0", .unavailable)
        #expect(code { _ = try openStore(on: paths.files(on: disk)) } == .unavailable)
    }
}
