import DFSCore
import DFSFiles
import Foundation
import Testing

@testable import DFSMetadata
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
        var expected = held
        expected.files.removeAll { !$0.isSealed }
        for index in expected.trash.indices where !expected.trash[index].isPurging {
            let record = expected.trash[index]
            expected.trash[index] = TrashRecord(id: record.id, node: record.node, path: record.path, removedAt: 5)
        }
        for index in expected.files.indices {
            guard let open = expected.files[index].openChunk else { continue }
            expected.files[index].chunks[open.index].version += 1 << 32
        }
        #expect(expected.files.count < held.files.count && expected.files.contains { $0.openChunk != nil })
        #expect(
            try MetadataBackup.restore(backup, into: other.path, fileSystem: files, wallSeconds: 5)
                == MetadataBackup.Contents(clusterID: held.clusterID, fileCount: expected.files.count))
        let restored = try other.open()
        #expect(try restored.load().sorted == expected.sorted)
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

    /// Puts a store of these mutations through a backup, and gives the state of a master that starts on the restored one.
    private func restoredState(
        _ mutations: [Mutation], at wallSeconds: Int64
    ) throws -> (state: MasterState, image: MetadataImage) {
        let (folder, other) = (try TemporaryFolder(), try TemporaryFolder())
        let store = try folder.open()
        try store.append(mutations)
        let backup = folder.path + "/backup"
        _ = try MetadataBackup.write(of: folder.path, to: backup, fileSystem: files)
        try store.close()
        // What a restore left that was killed is no part of this one.
        try Data("x".utf8).write(to: URL(filePath: other.path + "/metadata.sqlite.partial-journal"))
        _ = try MetadataBackup.restore(backup, into: other.path, fileSystem: files, wallSeconds: wallSeconds)
        let restored = try other.open()
        let image = try restored.load()
        try restored.close()
        var recovery = MasterRecovery(
            policy: ClusterPolicy(), seed: 1, now: MonotonicInstant(nanoseconds: 0), location: "a test")
        for record in image.records { try recovery.add(record) }
        return (try recovery.finish(), image)
    }

    /// Runs the master for so long, and tells what it makes durable meanwhile.
    private func run(_ state: inout MasterState, seconds: Int, from wallSeconds: Int64) -> [Mutation] {
        (0..<seconds).flatMap { second in
            state.step(
                .tick, now: MonotonicInstant(nanoseconds: UInt64(second) * 1_000_000_000),
                wallSeconds: UInt64(wallSeconds) + UInt64(second)
            ).compactMap { if case .persist(let mutation) = $0 { mutation } else { nil } }
        }
    }

    /// They may have been finished after the backup.
    @Test(arguments: [Writer.swift, .go])
    func unfinishedUploadsAreNeitherAbandonedNorTakenForFilesAfterARestore(_ writer: Writer) throws {
        let began = UInt64(1_790_000_000)
        let header = try Samples.header(FileID.first(of: began).rawValue, "f", writer: writer)
        var (state, image) = try restoredState(
            [
                .use(UsePeriod(beganAt: began - 10, endedAt: began + 10)),
                .begin(header, at: try Samples.place("f")),
                .allocate(header.id, index: 0, servers: writer == .go ? [try ServerAddress(":9001")] : []),
            ], at: Int64(began) + 100)
        #expect(image.files.isEmpty && image.tombstones.isEmpty)
        #expect(run(&state, seconds: 120, from: Int64(began) + 100).isEmpty)
        // Their chunks are never taken for those of uploads that this store gave up; those of others still are.
        #expect(!state.periods.cover(header.id))
        #expect(state.periods.cover(FileID.first(of: began - 1)) && state.periods.cover(FileID.first(of: began + 1)))
        #expect(state.periods.firstFreeID == FileID.first(of: began + 11).rawValue)
    }

    /// It may have been brought back after the backup.
    @Test func whatIsInTheTrashHasItsWholeTimeAgainAfterARestore() throws {
        let removed = UInt64(1_790_000_000)
        let header = try Samples.header(9, "f")
        let (kept, purged) = (try PathPart("2"), try PathPart("1"))
        let other = try Samples.header(10, "g")
        var mutations: [Mutation] = []
        for (header, name, id) in [(header, "f", kept), (other, "g", purged)] {
            mutations += [
                .begin(header, at: try Samples.place(name)), .allocate(header.id, index: 0, servers: []),
                .seal(header.id, digests: [Samples.digest], at: removed),
                .trash(TrashRecord(id: id, node: .file(header.id), path: try FileName(name), removedAt: removed)),
            ]
        }
        let later = Int64(removed) + 48 * 3600
        var (state, image) = try restoredState(mutations + [.purgeThrough(purged)], at: later)
        #expect(image.trash.first { $0.id == kept }?.removedAt == UInt64(later))
        let changes = run(&state, seconds: 400, from: later)
        let gone = changes.compactMap { if case .abandon(let tombstone) = $0 { tombstone.file } else { nil } }
        #expect(gone == [other.id], "what was deleted for good, and nothing else")
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
