import DFSCore
import DFSMetadata
import GRDB
import Testing

@testable import DFSMetadataStore

@Suite struct EpochTests {
    /// However a second master came by the store: the first one writes no more.
    @Test func onlyTheMasterThatOpenedTheStoreLastMayWrite() throws {
        let folder = try TemporaryFolder()
        let first = try folder.open()
        try first.append([.begin(try Samples.header(1, "a"), at: try Samples.place("a"))])
        // What the lock of the folder prevents: another process that opens the database.
        let other = try DatabaseQueue(path: "\(folder.path)/metadata.sqlite")
        _ = try other.writeWithoutTransaction { try Schema.open($0) { "never" } }
        try other.close()
        let error = #expect(throws: DFSError.self) {
            try first.append([.begin(try Samples.header(2, "b"), at: try Samples.place("b"))])
        }
        #expect(error?.code == .failedPrecondition)
        try first.close()
        let second = try folder.open()
        #expect(try second.load().files.map(\.header.name.text) == ["a"])
        try second.append([.begin(try Samples.header(2, "b"), at: try Samples.place("b"))])
        try second.close()
    }

    /// As version 4 left it: nobody is on the way out of service, and all else is as it was.
    @Test(arguments: [3, 4])
    func aStoreWithoutStatesOfServersIsTakenOver(_ version: Int) throws {
        let folder = try TemporaryFolder()
        let store = try folder.open()
        try store.append(try Samples.mutations())
        var expected = try store.load()
        #expect(expected.servers.count == 2)
        expected.servers = []
        expected.forgetFormerServers()
        try store.close()
        let queue = try DatabaseQueue(path: "\(folder.path)/metadata.sqlite")
        try queue.writeWithoutTransaction {
            try $0.execute(
                sql: """
                    DROP TABLE servers; ALTER TABLE chunks DROP COLUMN former; PRAGMA user_version = \(version);
                    """)
        }
        try queue.close()
        let taken = try folder.open()
        #expect(try taken.load().sorted == expected.sorted)
        let record = ServerRecord(address: try ServerAddress(":1"), nodeID: "n", state: .maintenance, until: 7)
        try taken.append([.setServer(record)])
        try taken.close()
        let again = try folder.open()
        #expect(try again.load().servers == [record])
        try again.close()
    }

    /// As version 2 left it.
    @Test func aStoreOfVersion2IsTakenOver() throws {
        let folder = try TemporaryFolder()
        let store = try folder.open()
        try store.append(try Samples.mutations())
        var expected = try store.load()
        try store.close()
        let queue = try DatabaseQueue(path: "\(folder.path)/metadata.sqlite")
        try queue.writeWithoutTransaction { database in
            try database.execute(
                sql: """
                    ALTER TABLE cluster DROP COLUMN epoch;
                    ALTER TABLE cluster DROP COLUMN purged_through;
                    ALTER TABLE files DROP COLUMN attributes;
                    ALTER TABLE tombstones DROP COLUMN abandoned_at;
                    DROP TABLE periods;
                    DROP TABLE servers;
                    ALTER TABLE chunks DROP COLUMN former;
                    PRAGMA user_version = 2;
                    """)
        }
        try queue.close()
        let taken = try folder.open()
        var found = try taken.load()
        try taken.close()
        #expect(found.tombstones.allSatisfy { $0.abandonedAt > 1_700_000_000 }, "from now on they age")
        expected.periods = []
        expected.servers = []
        expected.forgetFormerServers()
        for at in expected.files.indices { expected.files[at].header.attributes = FileAttributes() }
        expected.purgedThrough = nil
        expected.tombstones = []
        found.tombstones = []
        #expect(found.sorted == expected.sorted)
    }
}

extension MetadataImage {
    /// As in stores before version 6.
    fileprivate mutating func forgetFormerServers() {
        for at in files.indices {
            for chunk in files[at].chunks.indices { files[at].chunks[chunk].former = [] }
        }
    }
}
