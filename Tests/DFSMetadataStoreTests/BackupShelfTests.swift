import DFSCore
import DFSFiles
import DFSMetadata
import Foundation
import GRDB
import Testing

@testable import DFSMetadataStore

/// A folder of backups keeps the newest whole ones of its cluster, whatever fails, and touches nothing else.
@Suite struct BackupShelfTests {
    /// A running store and a folder beside it.
    private struct Fixture {
        let folder: TemporaryFolder
        let store: SQLiteMetadataStore
        let clusterID = "0123abcd"

        init() throws {
            folder = try TemporaryFolder()
            store = try folder.open(clusterID: clusterID)
            try store.append(try Samples.completeFile(1, "f"))
        }

        var place: String { folder.path + "/shelf" }

        func shelf(_ keepCount: Int = 2, _ files: any FileSystem = PosixFileSystem()) -> BackupShelf {
            BackupShelf(folder: place, clusterID: clusterID, keepCount: keepCount, fileSystem: files)
        }

        func name(_ seconds: Int) -> String { BackupName(clusterID: clusterID, seconds: seconds).text }

        var names: [String] {
            ((try? FileManager.default.contentsOfDirectory(atPath: place)) ?? []).sorted()
        }

        func plant(_ name: String) throws { try Data("x".utf8).write(to: URL(filePath: "\(place)/\(name)")) }
    }

    private func failure<Value>(_ body: () throws(DFSError) -> Value) -> DFSError? {
        do {
            _ = try body()
            return nil
        } catch {
            return error
        }
    }

    @Test func namesSortByTimeAndAreToldFromOthers() throws {
        let name = BackupName(clusterID: "c", seconds: 1_795_710_000)
        #expect(name.text == "metadata-c-20261126T162000Z.sqlite")
        #expect(BackupName(name.text, of: "c") == name)
        for other in ["metadata-c-20261126T162000Z.sqlite.partial", "metadata-c-20261326T162000Z.sqlite", "x", ""] {
            #expect(BackupName(other, of: "c") == nil)
        }
        #expect(BackupName(name.text, of: "d") == nil)
        #expect(BackupName.isPartial(name.text + ".partial", of: "c"))
        #expect(BackupName.isPartial(name.text + ".partial-journal", of: "c"))
        #expect(!BackupName.isPartial(name.text, of: "c") && !BackupName.isPartial(name.text + ".partial", of: "d"))
        #expect(!BackupName.isPartial("x.partial", of: "c"))
    }

    @Test func theNewestAreKeptAndNothingElseIsTouched() throws {
        let fixture = try Fixture()
        let shelf = fixture.shelf(2)
        try shelf.prepare()
        #expect(try shelf.newest() == nil)
        let others = [
            BackupName(clusterID: "other", seconds: 5).text, "backup", "metadata-0123abcd-.sqlite",
            BackupName(clusterID: "other", seconds: 5).text + ".partial",
        ]
        for other in others { try fixture.plant(other) }
        for (number, seconds) in [100, 200, 300, 400].enumerated() {
            let id = UInt64(number) + 2
            try fixture.store.append(try Samples.completeFile(id, "\(id)"))
            let addition = try shelf.add(of: fixture.folder.path, at: seconds)
            #expect(addition.path == "\(fixture.place)/\(fixture.name(seconds))")
            #expect(addition.contents.fileCount == number + 2)
            #expect(addition.removedCount == (number < 2 ? 0 : 1) && addition.removalFailure == nil)
            #expect(try shelf.newest() == seconds)
        }
        #expect(fixture.names == (others + [fixture.name(300), fixture.name(400)]).sorted())
        let target = try TemporaryFolder()
        _ = try MetadataBackup.restore(
            "\(fixture.place)/\(fixture.name(300))", into: target.path, fileSystem: PosixFileSystem())
        let restored = try target.open()
        #expect(try restored.load().files.count == 4)
        try restored.close()
        // Fewer are to be kept from now on.
        #expect(try fixture.shelf(1).add(of: fixture.folder.path, at: 500).removedCount == 2)
        #expect(fixture.names == (others + [fixture.name(500)]).sorted())
    }

    @Test func aCalendarThatWasSetBackNamesTheNewestLast() throws {
        let fixture = try Fixture()
        let shelf = fixture.shelf(2)
        try shelf.prepare()
        for seconds in [1000, 1000, 10] { _ = try shelf.add(of: fixture.folder.path, at: seconds) }
        #expect(fixture.names == [fixture.name(1001), fixture.name(1002)])
    }

    @Test(arguments: ["rename", "sync", "folder"])
    func oneThatFailsLeavesTheOthersAndNoTrace(call: String) throws {
        let fixture = try Fixture()
        try fixture.shelf(1).prepare()
        _ = try fixture.shelf(1).add(of: fixture.folder.path, at: 100)
        let failing = fixture.shelf(1, FailingFileSystem(call: call))
        let error = failure { () throws(DFSError) in try failing.add(of: fixture.folder.path, at: 200) }
        #expect(error?.message == "no \(call)")
        // One that has its name but may not be durable counts for nothing; the old one stays.
        #expect(fixture.names.contains(fixture.name(100)))
        #expect(!fixture.names.contains { $0.contains("partial") })
        let again = try fixture.shelf(1).add(of: fixture.folder.path, at: 300)
        #expect(again.removedCount >= 1 && fixture.names == [fixture.name(300)])
    }

    @Test func oneThatCannotBeReadBackIsNoBackup() throws {
        let fixture = try Fixture()
        let shelf = fixture.shelf(1)
        try shelf.prepare()
        _ = try shelf.add(of: fixture.folder.path, at: 100)
        try fixture.store.close()
        let queue = try DatabaseQueue(path: "\(fixture.folder.path)/metadata.sqlite")
        try queue.write { try $0.execute(sql: "UPDATE files SET attributes = 'none'") }
        try queue.close()
        let error = failure { () throws(DFSError) in try shelf.add(of: fixture.folder.path, at: 200) }
        #expect(error?.code == .dataLoss)
        #expect(fixture.names == [fixture.name(100)])
    }

    @Test func anOldOneThatCannotBeRemovedIsRemovedLater() throws {
        let fixture = try Fixture()
        try fixture.shelf(1).prepare()
        _ = try fixture.shelf(1).add(of: fixture.folder.path, at: 100)
        let failing = fixture.shelf(1, FailingFileSystem(call: "remove \(fixture.name(100))"))
        let addition = try failing.add(of: fixture.folder.path, at: 200)
        #expect(addition.removedCount == 0 && addition.removalFailure != nil)
        #expect(fixture.names == [fixture.name(100), fixture.name(200)])
        #expect(try fixture.shelf(1).add(of: fixture.folder.path, at: 300).removedCount == 2)
    }

    @Test func whatACrashLeftHalfWrittenIsRemoved() throws {
        let fixture = try Fixture()
        let shelf = fixture.shelf()
        try shelf.prepare()
        _ = try shelf.add(of: fixture.folder.path, at: 100)
        for name in [".partial", ".partial-journal"] { try fixture.plant(fixture.name(200) + name) }
        try fixture.plant("mine.partial")
        try shelf.prepare()
        #expect(fixture.names == [fixture.name(100), "mine.partial"].sorted())
    }

    @Test func aFolderThatCannotBeWrittenIsRefusedByItsName() throws {
        let fixture = try Fixture()
        for folder in ["\(fixture.folder.path)/cluster-id/x", "/proc/dfs"] {
            let shelf = BackupShelf(folder: folder, clusterID: "c", keepCount: 1, fileSystem: PosixFileSystem())
            let error = failure { () throws(DFSError) in try shelf.prepare() }
            #expect(error?.message.contains(folder) == true && error?.message.contains("-backup-dir") == true)
        }
    }

    /// Cut off at any moment, it is whole or not there.
    @Test func oneThatIsGivenUpLeavesNoTrace() throws {
        let fixture = try Fixture()
        let shelf = fixture.shelf(1)
        try shelf.prepare()
        _ = try shelf.add(of: fixture.folder.path, at: 100)
        try fixture.store.append(
            (2..<8000).map { .begin(try Samples.header($0, "d/\($0)"), at: try Samples.place("\($0)")) })
        let early = BackupCancellation()
        early.cancel()
        var error = failure { () throws(DFSError) in
            try shelf.add(of: fixture.folder.path, at: 200, cancellation: early)
        }
        #expect(error?.code == .cancelled)
        for round in 1..<30 {
            let cancellation = BackupCancellation()
            let canceller = Thread {
                usleep(UInt32(round) * 1000)
                cancellation.cancel()
            }
            canceller.start()
            let before = fixture.names
            error = failure { () throws(DFSError) in
                try shelf.add(of: fixture.folder.path, at: 200 + round, cancellation: cancellation)
            }
            #expect(error == nil || error?.code == .cancelled)
            #expect(fixture.names == (error == nil ? [fixture.name(200 + round)] : before))
        }
    }
}

/// A file system on which one call fails.
private struct FailingFileSystem: FileSystem {
    let call: String
    private let files = PosixFileSystem()

    init(call: String) { self.call = call }

    private func check(_ call: String) throws(DFSError) {
        if call == self.call { throw DFSError(.internal, "no \(call)") }
    }

    func open(_ path: String, _ access: FileAccess) throws(DFSError) -> any OpenFile {
        if access == .reading { try check("sync") }
        return try files.open(path, access)
    }

    func status(of path: String) throws(DFSError) -> FileStatus? { try files.status(of: path) }

    func list(folder path: String) throws(DFSError) -> FolderList { try files.list(folder: path) }

    func makeFolder(_ path: String) throws(DFSError) { try files.makeFolder(path) }

    func rename(_ source: String, to target: String, replacing: Bool) throws(DFSError) {
        try check("rename")
        try files.rename(source, to: target, replacing: replacing)
    }

    @discardableResult func remove(_ path: String) throws(DFSError) -> Bool {
        try check("remove \(path.split(separator: "/").last ?? "")")
        return try files.remove(path)
    }

    func removeFolder(_ path: String) throws(DFSError) { try files.removeFolder(path) }

    func syncFolder(_ path: String) throws(DFSError) {
        try check("folder")
        try files.syncFolder(path)
    }

    func freeBytes(at path: String) throws(DFSError) -> Int64 { try files.freeBytes(at: path) }

    func lock(_ path: String) throws(DFSError) -> FileLock? { try files.lock(path) }
}
