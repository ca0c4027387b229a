import DFSCore
import DFSMetadata
import GRDB

/// Reads the rows back, trusting none of them.
enum ImageReader {
    static func read(_ database: Database) throws -> MetadataImage {
        guard let clusterID = try String.fetchOne(database, sql: "SELECT id FROM cluster") else {
            throw damaged("it names no cluster")
        }
        var chunks = try chunksByFile(database)
        var files: [FileRecord] = []
        let rows = try Row.fetchCursor(database, sql: "SELECT * FROM files ORDER BY id")
        while let row = try rows.next() {
            let header = try header(row)
            let record = FileRecord(
                header: header, place: try place(row),
                sealedAt: (row["sealed_at"] as Int64?).map { UInt64(bitPattern: $0) },
                chunks: chunks.removeValue(forKey: header.id) ?? [])
            try check(record)
            files.append(record)
        }
        guard chunks.isEmpty else { throw damaged("it holds chunks of no file") }
        var image = MetadataImage(clusterID: clusterID, files: files, tombstones: try tombstones(database))
        image.folders = try folders(database)
        image.trash = try trash(database)
        image.requests = try String.fetchAll(database, sql: "SELECT id FROM requests ORDER BY number")
            .map { RequestRecord(id: $0) }
        try TreeCheck.run(image)
        return image
    }

    private static func chunksByFile(_ database: Database) throws -> [FileID: [ChunkRecord]] {
        var chunks: [FileID: [ChunkRecord]] = [:]
        let rows = try Row.fetchCursor(database, sql: #"SELECT * FROM chunks ORDER BY file, "index""#)
        while let row = try rows.next() {
            var digest: Digest?
            if let length = row["length"] as Int64?, let crc = row["crc32c"] as Int64? {
                guard let crc32c = UInt32(exactly: crc), length >= 0 else {
                    throw damaged("a chunk's digest is no digest")
                }
                digest = Digest(length: UInt64(length), crc32c: crc32c)
            }
            guard let index = Int(exactly: row["index"] as Int64), (0..<Int(Int32.max)).contains(index) else {
                throw damaged("a chunk's index is out of range")
            }
            let version = UInt64(bitPattern: row["version"] as Int64)
            let assigned = try ((row["assigned"] as String?) ?? "").split(separator: ",")
                .map { try ServerAddress(String($0)) }
            chunks[FileID(stored: row["file"]), default: []]
                .append(ChunkRecord(index: index, version: version, digest: digest, assigned: assigned))
        }
        return chunks
    }

    private static func header(_ row: Row) throws -> FileHeader {
        guard let writer = Writer(rawValue: row["writer"]), row["replication"] as Int > 0,
            row["chunk_size"] as Int64 > 0
        else { throw damaged("a file's row is out of range") }
        return FileHeader(
            id: FileID(stored: row["id"]), name: try FileName(row["name"]), writer: writer,
            replication: row["replication"], chunkSize: UInt64(bitPattern: row["chunk_size"] as Int64),
            replaces: row["replaces"], createdAt: UInt64(bitPattern: row["created_at"] as Int64))
    }

    private static func place(_ row: Row) throws -> Place {
        Place(parent: FolderID(stored: row["parent"]), name: try PathPart(row["leaf"]))
    }

    private static func folders(_ database: Database) throws -> [FolderRecord] {
        try Row.fetchAll(database, sql: "SELECT * FROM folders ORDER BY id").map { row in
            FolderRecord(
                id: FolderID(stored: row["id"]), place: try place(row),
                createdAt: UInt64(bitPattern: row["created_at"] as Int64))
        }
    }

    private static func trash(_ database: Database) throws -> [TrashRecord] {
        try Row.fetchAll(database, sql: "SELECT * FROM trash ORDER BY id").map { row in
            TrashRecord(
                id: try PathPart(row["id"]), node: NodeID(isFolder: row["is_folder"], stored: row["node"]),
                path: try FileName(row["path"]), removedAt: UInt64(bitPattern: row["removed_at"] as Int64),
                isPurging: row["is_purging"])
        }
    }

    /// A sealed file has all its chunks, each with its digest.
    private static func check(_ record: FileRecord) throws {
        guard record.isSealed else { return }
        let isWhole = record.chunks.enumerated().allSatisfy {
            $0.element.index == $0.offset && $0.element.digest != nil
        }
        guard isWhole, !record.chunks.isEmpty else {
            throw damaged("file \(quoted(record.header.name.text)) lacks chunks")
        }
    }

    private static func tombstones(_ database: Database) throws -> [Tombstone] {
        try Row.fetchAll(database, sql: "SELECT * FROM tombstones ORDER BY file").map { row in
            Tombstone(
                file: FileID(stored: row["file"]), name: try FileName(row["name"]), chunkCount: row["chunk_count"])
        }
    }

    static func damaged(_ what: String) -> DatabaseError {
        DatabaseError(resultCode: .SQLITE_CORRUPT, message: what)
    }
}
