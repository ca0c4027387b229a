import DFSCore
import DFSMetadata

/// The files that a store is filled with: one chunk each, the first ones in one big folder, the others in folders of a
/// thousand.
struct Population: Sendable {
    static let bigFolder = "big"
    private static let smallFolderSize = 1000
    private static let firstID: UInt64 = 1 << 48
    /// Bytes in every file.
    static let length: UInt64 = 1 << 20

    let count: Int
    let bigFolderCount: Int

    func name(of file: Int) -> FileName {
        let digits = String(file)
        let leaf = "file-" + String(repeating: "0", count: max(0, 8 - digits.utf8.count)) + digits
        return checked { () throws(DFSError) in try FileName("\(folder(of: file))/\(leaf)") }
    }

    func id(of file: Int) -> FileID { FileID(rawValue: Self.firstID + UInt64(file)) }

    func chunk(of file: Int) -> ChunkID {
        name(of: file).chunkID(fileID: id(of: file).rawValue, index: 0)
    }

    static func digest(of file: Int) -> Digest { Digest(length: length, crc32c: UInt32(truncatingIfNeeded: file)) }

    /// The folder's name, and its number among all.
    private func folder(of file: Int) -> String {
        file < bigFolderCount ? Self.bigFolder : "some-\((file - bigFolderCount) / Self.smallFolderSize)"
    }

    /// What a store is given to hold files `range`, in order.
    func changes(_ range: Range<Int>) -> [Mutation] {
        var changes: [Mutation] = []
        for file in range {
            let isFirst = file == 0 || folder(of: file) != folder(of: file - 1)
            let parent = FolderID(rawValue: 2 + UInt64(folderNumber(of: file)))
            if isFirst {
                let part = checked { () throws(DFSError) in try PathPart(folder(of: file)) }
                changes.append(
                    .makeFolder(
                        FolderRecord(id: parent, place: Place(parent: .root, name: part), createdAt: 1_700_000_000)))
            }
            let name = name(of: file)
            let header = FileHeader(
                id: id(of: file), name: name, writer: .swift, replication: 2, chunkSize: 64 << 20,
                createdAt: 1_700_000_000)
            changes.append(.begin(header, at: Place(parent: parent, name: name.leaf)))
            changes.append(.allocate(header.id, index: 0, servers: []))
            changes.append(.seal(header.id, digests: [Self.digest(of: file)], at: 1_700_000_001))
        }
        return changes
    }

    private func folderNumber(of file: Int) -> Int {
        file < bigFolderCount ? 0 : 1 + (file - bigFolderCount) / Self.smallFolderSize
    }
}

/// The result of a check of what this program made itself.
private func checked<Value>(_ make: () throws(DFSError) -> Value) -> Value {
    do { return try make() } catch { preconditionFailure("\(error)") }
}
