import DFSCore
import DFSFiles
import DFSMetadata
import Foundation
import GRDB
import Testing

@testable import DFSMetadataStore

/// The store on real files, opened, killed and damaged.
@Suite struct SQLiteMetadataStoreTests {
    @Test func whatWasAppendedIsThereAfterReopening() throws {
        let folder = try TemporaryFolder()
        var expected = MetadataImage(clusterID: "cluster-1")
        let store = try folder.open()
        for mutation in try Samples.mutations() {
            try store.append([mutation])
            expected.apply(mutation)
        }
        try store.close()
        let reopened = try folder.open()
        #expect(try reopened.load().sorted == expected.sorted)
        try reopened.close()
    }

    @Test func aBatchIsWholeOrNotThereAtAll() throws {
        let folder = try TemporaryFolder()
        let store = try folder.open()
        let header = try Samples.header(1, "a")
        // The second `begin` takes an id that is taken: the whole batch must go.
        let batch: [Mutation] = [
            .begin(header, at: try Samples.place("a")), .allocate(header.id, index: 0, servers: []),
            .begin(header, at: try Samples.place("b")),
        ]
        #expect(throws: DFSError.self) { try store.append(batch) }
        #expect(try store.load().files.isEmpty)
        try store.append([.begin(header, at: try Samples.place("a"))])
        #expect(try store.load().files.count == 1)
        try store.close()
    }

    @Test func everyCommitIsSynced() throws {
        let folder = try TemporaryFolder()
        // A new store, and one that was there.
        for _ in 1...2 {
            let store = try folder.open()
            let (synchronous, journal) = try store.queue.read {
                (try Int.fetchOne($0, sql: "PRAGMA synchronous"), try String.fetchOne($0, sql: "PRAGMA journal_mode"))
            }
            #expect(synchronous == 2)  // FULL
            #expect(journal == "wal")
            try store.close()
        }
    }

    @Test func aProcessThatDiesWithoutClosingLosesNothing() throws {
        let folder = try TemporaryFolder()
        let store = try folder.open()
        try store.append([.begin(try Samples.header(1, "a"), at: try Samples.place("a"))])
        // What a kill leaves: the files as they are, the log not folded in.
        let copy = try TemporaryFolder()
        for name in ["metadata.sqlite", "metadata.sqlite-wal", "cluster-id"] {
            try FileManager.default.copyItem(atPath: "\(folder.path)/\(name)", toPath: "\(copy.path)/\(name)")
        }
        let recovered = try copy.open()
        #expect(try recovered.load().files.map(\.header.name.text) == ["a"])
        try recovered.close()
        try store.close()
    }

    @Test func aLogThatIsCutAnywhereLeavesWholeBatches() throws {
        let folder = try TemporaryFolder()
        let store = try folder.open()
        for number in 0..<8 {
            let header = try Samples.header(UInt64(number), "file \(number)")
            try store.append([
                .begin(header, at: try Samples.place("\(number)")), .allocate(header.id, index: 0, servers: []),
            ])
        }
        let database = try Data(contentsOf: URL(filePath: "\(folder.path)/metadata.sqlite"))
        let log = try Data(contentsOf: URL(filePath: "\(folder.path)/metadata.sqlite-wal"))
        try store.close()
        var counts: Set<Int> = []
        for length in stride(from: 0, through: log.count, by: 1031) {
            let torn = try TemporaryFolder()
            try database.write(to: URL(filePath: "\(torn.path)/metadata.sqlite"))
            try log.prefix(length).write(to: URL(filePath: "\(torn.path)/metadata.sqlite-wal"))
            let store = try torn.open()
            let files = try store.load().files
            #expect(files.allSatisfy { $0.chunks.count == 1 }, "a batch has both its changes or none")
            #expect(files.map(\.header.id.rawValue) == Array(0..<UInt64(files.count)), "a prefix of the batches")
            counts.insert(files.count)
            try store.close()
        }
        #expect(counts.count > 4)
    }

    @Test func aStoreOfVersion5IsTakenOver() throws {
        let folder = try TemporaryFolder()
        let (header, servers) = (try Samples.header(1, "a"), [try ServerAddress(":1")])
        let store = try folder.open()
        try store.append([
            .begin(header, at: try Samples.place("a")), .allocate(header.id, index: 0, servers: []),
            .seal(header.id, digests: [Samples.digest], at: 1),
            .openChunk(header.id, index: 1, version: 2, servers: servers, former: []),
        ])
        try store.close()
        let queue = try DatabaseQueue(path: "\(folder.path)/metadata.sqlite")
        try queue.write {
            try $0.execute(sql: "ALTER TABLE chunks DROP COLUMN former; PRAGMA user_version = 5")
        }
        try queue.close()
        for former in [[], servers] {
            let store = try folder.open()
            let chunk = try #require(try store.load().files.first?.chunks.last)
            #expect(chunk.version == 2 && chunk.assigned == servers && chunk.former == former)
            try store.append([.openChunk(header.id, index: 1, version: 2, servers: servers, former: servers)])
            try store.close()
        }
    }

    @Test func theClusterIDIsMadeOnce() throws {
        let folder = try TemporaryFolder()
        try folder.open(clusterID: "first").close()
        let store = try folder.open(clusterID: "second")
        #expect(try store.load().clusterID == "first")
        try store.close()
    }

    @Test func twoMastersNeverShareAFolder() throws {
        let folder = try TemporaryFolder()
        let store = try folder.open()
        let error = #expect(throws: DFSError.self) { try folder.open() }
        #expect(error?.code == .failedPrecondition)
        #expect(error?.message.contains(folder.path) == true)
        try store.close()
    }

    /// One of a clock that was ahead must not stand before all others.
    @Test func tombstonesComeInTheOrderOfTheirTimes() throws {
        let folder = try TemporaryFolder()
        let store = try folder.open()
        defer { try? store.close() }
        let name = try FileName("a")
        try store.append(
            [(1, 300), (2, 100), (3, 200)].map { id, time in
                .abandon(Tombstone(file: FileID(rawValue: id), name: name, chunkCount: 1, abandonedAt: time))
            })
        #expect(try store.load().tombstones.map(\.abandonedAt) == [100, 200, 300])
    }
}
