import DFSCore
import DFSFiles
import DFSMetadata
import Foundation
import GRDB
import Testing

@testable import DFSMetadataStore

/// Stores that must not be used, each refused with the file's name and the remedy.
@Suite struct RefusalTests {
    private func refusal(_ folder: TemporaryFolder) throws -> DFSError {
        let error = #expect(throws: DFSError.self) {
            let store = try folder.open()
            defer { try? store.close() }
            _ = try store.recover(policy: ClusterPolicy(), seed: 1, now: MonotonicInstant(nanoseconds: 0))
        }
        let refusal = try #require(error)
        #expect(refusal.message.contains("metadata.sqlite"), "\(refusal.message)")
        return refusal
    }

    @Test func aFileOfSomethingElseIsRefused() throws {
        let folder = try TemporaryFolder()
        try Data(repeating: 0x41, count: 8192).write(to: URL(filePath: "\(folder.path)/metadata.sqlite"))
        #expect(try refusal(folder).code == .failedPrecondition)
    }

    @Test func aDatabaseOfSomethingElseIsRefused() throws {
        let folder = try TemporaryFolder()
        let queue = try DatabaseQueue(path: "\(folder.path)/metadata.sqlite")
        try queue.write { try $0.execute(sql: "CREATE TABLE songs (name TEXT)") }
        try queue.close()
        let error = try refusal(folder)
        #expect(error.code == .failedPrecondition)
        #expect(error.message.contains("something else"))
    }

    @Test func aNewerVersionIsRefused() throws {
        let folder = try TemporaryFolder()
        try folder.open().close()
        let queue = try DatabaseQueue(path: "\(folder.path)/metadata.sqlite")
        try queue.write { try $0.execute(sql: "PRAGMA user_version = 99") }
        try queue.close()
        let error = try refusal(folder)
        #expect(error.code == .failedPrecondition)
        #expect(error.message.contains("version 99"))
    }

    @Test func aMissingOrEmptyDatabaseIsNotTakenForANewCluster() throws {
        let folder = try TemporaryFolder()
        try folder.open().close()
        try FileManager.default.removeItem(atPath: "\(folder.path)/metadata.sqlite")
        #expect(try refusal(folder).code == .dataLoss)
        try Data().write(to: URL(filePath: "\(folder.path)/metadata.sqlite"))
        #expect(try refusal(folder).code == .dataLoss)
    }

    @Test func aDatabaseThatLostItsLogIsNotTakenForANewCluster() throws {
        let folder = try TemporaryFolder()
        let store = try folder.open()
        let copy = try TemporaryFolder()
        for name in ["metadata.sqlite", "cluster-id"] {
            try FileManager.default.copyItem(atPath: "\(folder.path)/\(name)", toPath: "\(copy.path)/\(name)")
        }
        try store.close()
        #expect(try refusal(copy).code == .dataLoss)
        #expect(try refusal(copy).code == .dataLoss)  // the first refusal has written nothing
    }

    @Test func theDatabaseOfAnotherClusterIsRefused() throws {
        let folder = try TemporaryFolder()
        try folder.open(clusterID: "cluster-1").close()
        let other = try TemporaryFolder()
        try other.open(clusterID: "cluster-2").close()
        try FileManager.default.removeItem(atPath: "\(folder.path)/metadata.sqlite")
        try FileManager.default.copyItem(
            atPath: "\(other.path)/metadata.sqlite", toPath: "\(folder.path)/metadata.sqlite")
        let error = try refusal(folder)
        #expect(error.code == .dataLoss)
        #expect(error.message.contains("cluster-1") && error.message.contains("cluster-2"), "\(error.message)")
    }

    @Test func aDamagedDatabaseIsRefused() throws {
        let folder = try TemporaryFolder()
        let store = try folder.open()
        for number in 0..<200 {
            try store.append([
                .begin(try Samples.header(UInt64(number), "file \(number)"), at: try Samples.place("\(number)"))
            ])
        }
        try store.close()
        let file = URL(filePath: "\(folder.path)/metadata.sqlite")
        var bytes = try Data(contentsOf: file)
        for index in 4096..<bytes.count where index % 3 == 0 { bytes[index] ^= 0xFF }
        try bytes.write(to: file)
        #expect(try refusal(folder).code == .dataLoss)
    }

    @Test func aSealedFileThatLacksChunksIsDamage() throws {
        let folder = try TemporaryFolder()
        let store = try folder.open()
        let header = try Samples.header(1, "a")
        try store.append([
            .begin(header, at: try Samples.place("a")), .allocate(header.id, index: 0, servers: []),
            .seal(header.id, digests: [Samples.digest], at: 1),
        ])
        try store.close()
        let queue = try DatabaseQueue(path: "\(folder.path)/metadata.sqlite")
        try queue.write { try $0.execute(sql: "UPDATE chunks SET length = NULL") }
        try queue.close()
        #expect(try refusal(folder).code == .dataLoss)
    }

    @Test func aFileWhereAFolderIsNeededIsRefused() throws {
        let folder = try TemporaryFolder()
        try Data("x".utf8).write(to: URL(filePath: "\(folder.path)/meta"))
        let error = #expect(throws: DFSError.self) {
            _ = try SQLiteMetadataStore(folder: "\(folder.path)/meta", fileSystem: PosixFileSystem()) { "c" }
        }
        #expect(error?.message.contains("\(folder.path)/meta") == true)
    }

    @Test(.enabled(if: geteuid() != 0, "root may write everywhere"))
    func aReadOnlyFolderIsRefused() throws {
        let folder = try TemporaryFolder()
        try FileManager.default.setAttributes([.posixPermissions: 0o555], ofItemAtPath: folder.path)
        defer { try? FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder.path) }
        let error = #expect(throws: DFSError.self) { try folder.open() }
        #expect(error?.code == .permissionDenied)
    }

    @Test func aDatabaseThatIsAFolderIsRefused() throws {
        let folder = try TemporaryFolder()
        try FileManager.default.createDirectory(
            atPath: "\(folder.path)/metadata.sqlite", withIntermediateDirectories: false)
        let error = #expect(throws: DFSError.self) { try folder.open() }
        #expect(error?.message.contains("metadata.sqlite") == true)
    }

    /// Numbers that no master wrote: they must not be added up, nor memory be taken by them.
    @Test(arguments: [
        "UPDATE chunks SET length = 9223372036854775807", #"UPDATE chunks SET "index" = 2147483640 WHERE file = 2"#,
    ])
    func numbersThatNoMasterWroteAreDamage(sql: String) throws {
        let folder = try TemporaryFolder()
        let store = try folder.open()
        let (sealed, open) = (try Samples.header(1, "a"), try Samples.header(2, "b"))
        try store.append(
            [.begin(sealed, at: try Samples.place("a")), .begin(open, at: try Samples.place("b"))]
                + (0..<3).map { .allocate(sealed.id, index: $0, servers: []) }
                + [
                    .seal(sealed.id, digests: Array(repeating: Samples.digest, count: 3), at: 1),
                    .allocate(open.id, index: 0, servers: []),
                ])
        try store.close()
        let queue = try DatabaseQueue(path: "\(folder.path)/metadata.sqlite")
        try queue.write { try $0.execute(sql: sql) }
        try queue.close()
        #expect(try refusal(folder).code == .dataLoss)
    }
}
