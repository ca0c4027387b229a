import DFSCore
import DFSMetadata

/// The files that a store is filled with, each of so many chunks: the first ones in one big folder, the others in folders of a
/// thousand.
struct Population: Sendable {
    static let bigFolder = "big"
    private static let smallFolderSize = 1000
    private static let firstID: UInt64 = 1 << 48
    /// Bytes in every chunk.
    static let length: UInt64 = 1 << 20

    let count: Int
    let bigFolderCount: Int
    let chunksPerFile: Int

    func name(of file: Int) -> FileName {
        let digits = String(file)
        let leaf = "file-" + String(repeating: "0", count: max(0, 8 - digits.utf8.count)) + digits
        return checked { () throws(DFSError) in try FileName("\(folder(of: file))/\(leaf)") }
    }

    func id(of file: Int) -> FileID { FileID(rawValue: Self.firstID + UInt64(file)) }

    func chunk(of file: Int) -> ChunkID {
        name(of: file).chunkID(fileID: id(of: file).rawValue, index: 0)
    }

    /// Chunks of all files.
    var chunkCount: Int { count * chunksPerFile }

    /// The id of the chunk of that number among all.
    func chunkID(_ chunk: Int) -> ChunkID {
        let file = chunk / chunksPerFile
        return name(of: file).chunkID(fileID: id(of: file).rawValue, index: chunk % chunksPerFile)
    }

    static func digest(of chunk: Int) -> Digest { Digest(length: length, crc32c: UInt32(truncatingIfNeeded: chunk)) }

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
                id: id(of: file), name: name, writer: .swift, replication: 2,
                chunkSize: chunksPerFile == 1 ? 64 << 20 : Self.length,
                createdAt: 1_700_000_000)
            changes.append(.begin(header, at: Place(parent: parent, name: name.leaf)))
            for index in 0..<chunksPerFile { changes.append(.allocate(header.id, index: index, servers: [])) }
            let digests = (0..<chunksPerFile).map { Self.digest(of: file * chunksPerFile + $0) }
            changes.append(.seal(header.id, digests: digests, at: 1_700_000_001))
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
