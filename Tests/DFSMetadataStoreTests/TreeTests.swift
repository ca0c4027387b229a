import DFSCore
import DFSMetadata
import GRDB
import Testing

@testable import DFSMetadataStore

/// What the master takes for granted about folders is checked when a store is read, and made where an older version had
/// none.
@Suite struct TreeTests {
    /// A file in two folders, one of them in the trash, as three rows of SQL break it.
    @Test(arguments: [
        "UPDATE folders SET parent = 77", "UPDATE folders SET parent = id",
        "UPDATE folders SET parent = 11 WHERE id = 10",
        "UPDATE files SET parent = 77", "UPDATE files SET leaf = 'inner', parent = 10", "DELETE FROM trash",
        "UPDATE trash SET node = 99", "UPDATE files SET leaf = 'a/b'",
    ])
    func aTreeThatHangsWrongIsDamage(sql: String) throws {
        let folder = try TemporaryFolder()
        let store = try folder.open()
        let header = try Samples.header(1, "outer/a")
        let outer = FolderID(rawValue: 10)
        let removed = FolderID(rawValue: 12)
        try store.append([
            .makeFolder(FolderRecord(id: outer, place: try Samples.place("outer"), createdAt: 1)),
            .makeFolder(
                FolderRecord(
                    id: FolderID(rawValue: 11), place: Place(parent: outer, name: try PathPart("inner")), createdAt: 1)),
            .makeFolder(FolderRecord(id: removed, place: try Samples.place("removed"), createdAt: 1)),
            .trash(
                TrashRecord(
                    id: try PathPart("1"), node: .folder(removed), path: try FileName("removed"), removedAt: 1)),
            .begin(header, at: Place(parent: outer, name: try PathPart("a"))),
            .allocate(header.id, index: 0, servers: []), .seal(header.id, digests: [Samples.digest], at: 1),
        ])
        try store.close()
        let whole = try folder.open()
        #expect(try whole.load().folders.count == 3)
        try whole.close()
        let queue = try DatabaseQueue(path: "\(folder.path)/metadata.sqlite")
        try queue.write { try $0.execute(sql: sql) }
        try queue.close()
        let broken = try folder.open()
        #expect(throws: DFSError.self) {
            try broken.recover(policy: ClusterPolicy(), seed: 1, now: MonotonicInstant(nanoseconds: 0))
        }
        try broken.close()
    }

    /// Earlier masters stored it for names such as `/` and a combining mark, and did not start again.
    @Test func whatHasNoNameGetsOne() throws {
        let folder = try TemporaryFolder()
        let store = try folder.open()
        let (outer, inner) = (FolderID(rawValue: 10), FolderID(rawValue: 0xB))
        let header = try Samples.header(12, "outer/a")
        try store.append([
            .makeFolder(FolderRecord(id: outer, place: try Samples.place("outer"), createdAt: 1)),
            .makeFolder(
                FolderRecord(id: inner, place: Place(parent: outer, name: try PathPart("inner")), createdAt: 1)),
            .begin(header, at: Place(parent: outer, name: try PathPart("a"))),
            .allocate(header.id, index: 0, servers: []), .seal(header.id, digests: [Samples.digest], at: 1),
        ])
        try store.close()
        let queue = try DatabaseQueue(path: "\(folder.path)/metadata.sqlite")
        try queue.write {
            try $0.execute(sql: "UPDATE folders SET leaf = '' WHERE id = 11; UPDATE files SET leaf = ''")
        }
        try queue.close()
        for name in ["unnamed-000000000000000b", "renamed"] {
            let found = try folder.open()
            _ = try found.recover(policy: ClusterPolicy(), seed: 1, now: MonotonicInstant(nanoseconds: 0))
            let image = try found.load()
            #expect(image.folders.map(\.place.name.text).sorted() == ["outer", name].sorted())
            #expect(image.files.map { $0.place.name.text } == ["unnamed-000000000000000c"])
            try found.append([.move(.folder(inner), to: Place(parent: outer, name: try PathPart("renamed")))])
            try found.close()
        }
    }

    /// The schema of version 1, word for word as it was.
    private static let version1 = """
        CREATE TABLE cluster (id TEXT NOT NULL) STRICT;
        CREATE TABLE files (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, writer INTEGER NOT NULL,
            replication INTEGER NOT NULL, chunk_size INTEGER NOT NULL, is_sealed INTEGER NOT NULL) STRICT;
        CREATE TABLE chunks (file INTEGER NOT NULL, "index" INTEGER NOT NULL, version INTEGER NOT NULL, length INTEGER,
            crc32c INTEGER, assigned TEXT, PRIMARY KEY (file, "index")) STRICT, WITHOUT ROWID;
        CREATE TABLE tombstones (file INTEGER PRIMARY KEY, name TEXT NOT NULL, chunk_count INTEGER NOT NULL) STRICT;
        INSERT INTO cluster VALUES ('old');
        INSERT INTO files VALUES (1, 'a/b/c', 0, 2, 67108864, 1), (2, 'a/b/d', 1, 3, 67108864, 0),
            (3, 'a/b', 0, 2, 67108864, 1), (4, 'e', 0, 2, 67108864, 0);
        INSERT INTO chunks VALUES (1, 0, 1, 5, 6, NULL), (3, 0, 1, 7, 8, NULL), (2, 0, 1, NULL, NULL, ':9001,:9002');
        INSERT INTO tombstones VALUES (9, 'gone', 2);
        PRAGMA application_id = \(Schema.applicationID);
        PRAGMA user_version = 1;
        """

    @Test func aStoreOfVersion1IsTakenOver() throws {
        let folder = try TemporaryFolder()
        let queue = try DatabaseQueue(path: "\(folder.path)/metadata.sqlite")
        try queue.writeWithoutTransaction { try $0.execute(sql: Self.version1) }
        try queue.close()
        for _ in 0..<2 {
            let store = try folder.open()
            let image = try store.load()
            try store.close()
            #expect(image.clusterID == "old")
            #expect(image.tombstones.count == 1)
            let paths = image.folders.map { "\($0.id.rawValue):\($0.place.parent.rawValue)/\($0.place.name)" }
            #expect(paths == ["2:0/a", "3:2/b"])
            let files = image.files.map { "\($0.header.name) at \($0.place.parent.rawValue)/\($0.place.name)" }
            #expect(files == ["a/b/c at 3/c", "a/b/d at 3/d", "a/b at 2/b.file", "e at 0/e"])
            #expect(image.files.map(\.isSealed) == [true, false, true, false])
            #expect(image.files.map(\.chunks.count) == [1, 1, 1, 0])
        }
    }
}
