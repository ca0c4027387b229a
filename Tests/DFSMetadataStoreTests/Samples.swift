import DFSCore
import DFSFiles
import DFSMetadata
import Foundation

@testable import DFSMetadataStore

/// A folder that is gone with its last reference.
final class TemporaryFolder {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "dfs-store-\(UUID().uuidString)").path()
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    func open(clusterID: String = "cluster-1") throws -> SQLiteMetadataStore {
        try SQLiteMetadataStore(folder: path, fileSystem: PosixFileSystem()) { clusterID }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

enum Samples {
    static let digest = Digest(length: 12, crc32c: .max)

    static func header(_ id: UInt64, _ name: String, writer: Writer = .swift) throws -> FileHeader {
        FileHeader(
            id: FileID(rawValue: id), name: try FileName(name), writer: writer, replication: 2, chunkSize: 64 << 20)
    }

    /// What makes a complete file of one chunk.
    static func completeFile(_ id: UInt64, _ name: String) throws -> [Mutation] {
        let header = try header(id, name)
        return [
            .begin(header, at: try place(name)), .allocate(header.id, index: 0, servers: []),
            .seal(header.id, digests: [digest], at: 1),
        ]
    }

    /// Every kind of mutation, with values at the ends of their ranges.
    static func mutations() throws -> [Mutation] {
        let plain = try header(.max, "a b/ü%_")
        let open = try header(0, "open", writer: .go)
        let gone = try header(1 << 63, "gone")
        var noted = try header(9, "noted")
        var (kept, keptAndGone) = (try header(10, "kept"), try header(11, "kept and gone"))
        (kept.keepSeconds, keptAndGone.keepSeconds) = (.max, 1)
        var keptAndSealed = try header(12, "kept and sealed")
        keptAndSealed.keepSeconds = 60
        noted.attributes = try FileAttributes([("b", ""), ("a", "v")])
        return [
            .begin(plain, at: try place("b")), .begin(open, at: try place("open")), .begin(gone, at: try place("gone")),
            .allocate(plain.id, index: 1, servers: []), .allocate(plain.id, index: 0, servers: []),
            .allocate(open.id, index: 5, servers: [try ServerAddress(":9001"), try ServerAddress("[::1]:9002")]),
            .allocate(gone.id, index: 0, servers: []),
            .seal(plain.id, digests: [Digest(length: 64 << 20, crc32c: 0), digest], at: 1_790_000_000),
            .openChunk(
                plain.id, index: 2, version: 1, servers: [try ServerAddress(":9001")],
                former: [try ServerAddress(":9004")]),
            .raiseVersion(plain.id, index: 2, version: .max),
            .sealChunk(plain.id, index: 2, version: .max, digest: digest, at: 1_790_000_001),
            .noteStale(plain.id, index: 2, servers: [try ServerAddress(":9003")]),
            .noteStale(plain.id, index: 0, servers: [try ServerAddress(":9003")]),
            .noteStale(plain.id, index: 0, servers: []),
            .openChunk(plain.id, index: 3, version: 1, servers: [try ServerAddress(":9001")], former: []),
            .openChunk(plain.id, index: 3, version: 2, servers: [], former: [try ServerAddress(":9001")]),
            .openChunk(
                plain.id, index: 3, version: 3, servers: [try ServerAddress(":9002"), try ServerAddress("h:1")],
                former: [try ServerAddress(":9001"), try ServerAddress(":9005")]),
            .setReplication(plain.id, 3), .begin(noted, at: try place("noted")),
            .setAttributes(plain.id, try FileAttributes([("n\u{1}\"\\\n", "ü/{}")])),
            .setAttributes(open.id, try FileAttributes([("a", "b")])), .setAttributes(open.id, FileAttributes()),
            .abandon(Tombstone(file: gone.id, name: gone.name, chunkCount: 1, abandonedAt: .max)),
            .begin(try header(7, "gone"), at: try place("gone")),
            .abandon(Tombstone(file: FileID(rawValue: 7), name: gone.name, chunkCount: 0, abandonedAt: 1)),
            .makeFolder(FolderRecord(id: folder, place: try place("f ü"), createdAt: .max)),
            .makeFolder(FolderRecord(id: inner, place: Place(parent: folder, name: try PathPart("g")), createdAt: 1)),
            .makeFolder(FolderRecord(id: empty, place: Place(parent: inner, name: try PathPart("h")), createdAt: 1)),
            .removeFolder(empty), .move(.folder(inner), to: try place("g")),
            .move(.file(plain.id), to: Place(parent: folder, name: try PathPart("moved"))),
            .trash(try trash("1", .folder(folder))), .trash(try trash("2", .folder(inner))), .purge(try PathPart("1")),
            .purgeThrough(try PathPart("0")),
            .move(.folder(inner), to: try place("g")), .forgetTrash(try PathPart("2")),
            .begin(try header(8, "forgotten"), at: try place("forgotten")),
            .allocate(FileID(rawValue: 8), index: 0, servers: []),
            .abandon(
                Tombstone(file: FileID(rawValue: 8), name: try FileName("forgotten"), chunkCount: 1, abandonedAt: 1)),
            .forgetTombstone(FileID(rawValue: 8)), .use(UsePeriod(beganAt: 5, endedAt: 5)),
            .use(UsePeriod(beganAt: 9, endedAt: 1 << 33)), .use(UsePeriod(beganAt: 5, endedAt: 7)),
            .begin(kept, at: try place("kept")), .begin(keptAndGone, at: try place("kept and gone")),
            .begin(keptAndSealed, at: try place("kept and sealed")),
            .allocate(keptAndSealed.id, index: 0, servers: []),
            .seal(keptAndSealed.id, digests: [digest], at: 1_790_000_000),
            .abandon(Tombstone(file: keptAndGone.id, name: keptAndGone.name, chunkCount: 0, abandonedAt: 1)),
            .setServer(ServerRecord(address: try ServerAddress(":9001"), nodeID: "", state: .decommissioning)),
            .setServer(ServerRecord(address: try ServerAddress("h:1"), nodeID: "n", state: .maintenance, until: .max)),
            .setServer(ServerRecord(address: try ServerAddress(":9001"), nodeID: "m", state: .decommissioned)),
            .setServer(ServerRecord(address: try ServerAddress(":9002"), nodeID: "", state: .decommissioning)),
            .setServer(ServerRecord(address: try ServerAddress(":9002"), nodeID: "", state: .normal)),
            .remember(RequestRecord(id: "first")), .remember(RequestRecord(id: "second")),
            .remember(RequestRecord(id: "third")), .forgetRequests(2), .remember(RequestRecord(id: "fourth")),
        ]
    }

    private static let folder = FolderID(rawValue: .max)
    private static let inner = FolderID(rawValue: 2)
    private static let empty = FolderID(rawValue: 3)

    static func place(_ name: String) throws -> Place { Place(parent: .root, name: try PathPart(name)) }

    private static func trash(_ id: String, _ node: NodeID) throws -> TrashRecord {
        TrashRecord(id: try PathPart(id), node: node, path: try FileName("f ü"), removedAt: 1_790_000_001)
    }
}

extension MetadataImage {
    /// Stores promise no order of files.
    var sorted: MetadataImage {
        var image = self
        image.files.sort { $0.header.id < $1.header.id }
        image.tombstones.sort { $0.file < $1.file }
        image.folders.sort { $0.id < $1.id }
        image.trash.sort { $0.id < $1.id }
        image.periods.sort { $0.beganAt < $1.beganAt }
        image.servers.sort { $0.address.description < $1.address.description }
        return image
    }
}

extension MetadataStore {
    /// Everything at once.
    func load() throws(DFSError) -> MetadataImage {
        var image = MetadataImage(clusterID: "")
        let clusterID = try load { record throws(DFSError) in image.add(record) }
        image.clusterID = clusterID
        return image
    }
}
