import DFSCore
import DFSFiles
import DFSMetadata
import Foundation
import Testing

@testable import DFSMetadataStore

/// Backups are made while a master runs, and become a store only where none is.
@Suite struct BackupTests {
    private let files = PosixFileSystem()

    @Test func aBackupOfARunningStoreIsTheStoreAtThatMoment() throws {
        let folder = try TemporaryFolder()
        let store = try folder.open()
        try store.append(try Samples.mutations())
        let held = try store.load()
        let backup = folder.path + "/backup"
        let contents = MetadataBackup.Contents(clusterID: held.clusterID, fileCount: held.files.count)
        #expect(try MetadataBackup.write(of: folder.path, to: backup, fileSystem: files) == contents)
        try store.append([.begin(try Samples.header(77, "later"), at: try Samples.place("later"))])
        #expect(throws: DFSError.self) {
            _ = try MetadataBackup.write(of: folder.path, to: backup, fileSystem: files)
        }
        try store.close()
        var image = MetadataImage(clusterID: held.clusterID)
        let clusterID = try MetadataBackup.read(backup, fileSystem: files) { image.add($0) }
        #expect(clusterID == held.clusterID && image.sorted == held.sorted)
        let other = try TemporaryFolder()
        #expect(try MetadataBackup.restore(backup, into: other.path, fileSystem: files) == contents)
        let restored = try other.open()
        #expect(try restored.load().sorted == held.sorted)
        try restored.append([.begin(try Samples.header(78, "on"), at: try Samples.place("on"))])
        try restored.close()
        let names = try FileManager.default.contentsOfDirectory(atPath: other.path).filter { $0.contains("partial") }
        #expect(names.isEmpty)
    }

    @Test func aRestoreNeverTakesTheRoomOfAStore() throws {
        let folder = try TemporaryFolder()
        let store = try folder.open()
        let backup = folder.path + "/backup"
        _ = try MetadataBackup.write(of: folder.path, to: backup, fileSystem: files)
        #expect(try refusal(backup, folder.path) == .failedPrecondition, "a master is running")
        try store.close()
        #expect(try refusal(backup, folder.path) == .alreadyExists)
        let stranger = try TemporaryFolder()
        try stranger.open(clusterID: "cluster-2").close()
        try FileManager.default.removeItem(atPath: stranger.path + "/metadata.sqlite")
        #expect(try refusal(backup, stranger.path) == .failedPrecondition, "it is another cluster's")
        // The folder that lost its database is what backups are for.
        try FileManager.default.removeItem(atPath: folder.path + "/metadata.sqlite")
        _ = try MetadataBackup.restore(backup, into: folder.path, fileSystem: files)
        try folder.open().close()
    }

    @Test func whatIsNoBackupIsRefused() throws {
        let folder = try TemporaryFolder()
        try folder.open().close()
        let backup = folder.path + "/backup"
        _ = try MetadataBackup.write(of: folder.path, to: backup, fileSystem: files)
        let target = try TemporaryFolder()
        #expect(try refusal(folder.path + "/none", target.path) != nil)
        #expect(try refusal(folder.path + "/cluster-id", target.path) == .failedPrecondition)
        var bytes = try Data(contentsOf: URL(filePath: backup))
        for index in 4096..<bytes.count { bytes[index] ^= 0xFF }
        try bytes.write(to: URL(filePath: folder.path + "/damaged"))
        #expect(try refusal(folder.path + "/damaged", target.path) == .dataLoss)
        #expect(try FileManager.default.contentsOfDirectory(atPath: target.path).isEmpty)
    }

    private func refusal(_ backup: String, _ folder: String) throws -> DFSError.Code? {
        do {
            _ = try MetadataBackup.restore(backup, into: folder, fileSystem: files)
            return nil
        } catch {
            return error.code
        }
    }
}
