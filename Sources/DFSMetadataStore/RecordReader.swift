import DFSCore
import DFSMetadata
import GRDB

/// Reads the rows back, one after the other. Columns are taken by their position, which costs a tenth of their names.
enum RecordReader {
    /// Hands out all that the database holds, in the order that ``MasterRecovery`` takes.
    ///
    /// - Returns: the cluster's id.
    static func read(_ database: Database, _ take: (StoredRecord) throws(DFSError) -> Void) throws -> String {
        guard let clusterID = try String.fetchOne(database, sql: "SELECT id FROM cluster") else {
            throw damaged("it names no cluster")
        }
        try each(database, "SELECT id, parent, leaf, created_at FROM folders") { row in
            let place = Place(parent: FolderID(stored: row[1]), name: try name(row[2], of: row[0]))
            try take(.folder(FolderRecord(id: FolderID(stored: row[0]), place: place, createdAt: seconds(row[3]))))
        }
        try each(database, "SELECT id, is_folder, node, path, removed_at, is_purging FROM trash ORDER BY id") { row in
            let record = TrashRecord(
                id: try PathPart(row[0]), node: NodeID(isFolder: row[1], stored: row[2]), path: try FileName(row[3]),
                removedAt: seconds(row[4]), isPurging: row[5])
            try take(.trash(record))
        }
        if let id = try String.fetchOne(database, sql: "SELECT purged_through FROM cluster") {
            try take(.purgedThrough(try PathPart(id)))
        }
        try each(database, "SELECT id FROM requests ORDER BY number") { row in
            try take(.request(RequestRecord(id: row[0])))
        }
        try each(database, "SELECT file, name, chunk_count, abandoned_at FROM tombstones ORDER BY abandoned_at, file") {
            row in
            let tombstone = Tombstone(
                file: FileID(stored: row[0]), name: try FileName(row[1]), chunkCount: row[2],
                abandonedAt: seconds(row[3]))
            try take(.tombstone(tombstone))
        }
        try each(database, "SELECT began_at, ended_at FROM periods ORDER BY began_at") { row in
            try take(.period(UsePeriod(beganAt: seconds(row[0]), endedAt: seconds(row[1]))))
        }
        try each(database, "SELECT address, node_id, state, until FROM servers ORDER BY address") { row in
            guard let state = AdminState(rawValue: row[2]), state != .normal else {
                throw damaged("a chunk server's state is none")
            }
            let record = ServerRecord(
                address: try ServerAddress(row[0]), nodeID: row[1], state: state, until: seconds(row[3]))
            try take(.server(record))
        }
        try readFiles(database, take)
        return clusterID
    }

    /// Files and chunks lie in the same order, so that one pass over both brings them together.
    private static func readFiles(_ database: Database, _ take: (StoredRecord) throws(DFSError) -> Void) throws {
        let chunks = try ChunkCursor(database)
        let kept = try keptUploads(database)
        try each(
            database,
            """
            SELECT id, parent, leaf, sealed_at, name, writer, replication, chunk_size, replaces, created_at, attributes
            FROM files ORDER BY id
            """
        ) { row in
            let id = FileID(stored: row[0])
            guard let writer = Writer(rawValue: row[5]), row[6] as Int > 0, row[7] as Int64 > 0 else {
                throw damaged("a file's row is out of range")
            }
            guard let attributes = AttributesColumn.attributes(in: row[10]) else {
                throw damaged("a file's attributes are none")
            }
            let header = FileHeader(
                id: id, name: try FileName(row[4]), writer: writer, replication: row[6], chunkSize: seconds(row[7]),
                replaces: row[8], createdAt: seconds(row[9]), attributes: attributes,
                keepSeconds: kept[id] ?? 0)
            let place = Place(parent: FolderID(stored: row[1]), name: try name(row[2], of: row[0]))
            let sealedAt = (row[3] as Int64?).map { seconds($0) }
            try take(
                .file(FileRecord(header: header, place: place, sealedAt: sealedAt, chunks: try chunks.take(of: id))))
        }
        guard chunks.isAtEnd else { throw damaged("it holds chunks of no file") }
    }

    /// The name of what stands in a folder.
    ///
    /// Earlier masters stored an empty one for a name such as `/` and a combining mark. It gets another, which is the same at
    /// each start until an operator moves it, for otherwise no start would come to an end.
    private static func name(_ stored: String, of id: Int64) throws(DFSError) -> PathPart {
        try PathPart(stored.isEmpty ? "unnamed-" + hex(UInt64(bitPattern: id), digits: 16) : stored)
    }

    /// A backup of a master that kept none has no such table.
    private static func keptUploads(_ database: Database) throws -> [FileID: UInt32] {
        guard try database.tableExists("kept_uploads") else { return [:] }
        var kept: [FileID: UInt32] = [:]
        try each(database, "SELECT file, seconds FROM kept_uploads") { row in
            guard let seconds = UInt32(exactly: row[1] as Int64) else { throw damaged("an upload is kept for no time") }
            kept[FileID(stored: row[0])] = seconds
        }
        return kept
    }

    private static func each(_ database: Database, _ sql: String, _ body: (Row) throws -> Void) throws {
        let rows = try Row.fetchCursor(database, sql: sql)
        while let row = try rows.next() { try body(row) }
    }

    fileprivate static func seconds(_ stored: Int64) -> UInt64 { UInt64(bitPattern: stored) }

    static func damaged(_ what: String) -> DatabaseError {
        DatabaseError(resultCode: .SQLITE_CORRUPT, message: what)
    }
}

/// The chunks of one file after the other.
private final class ChunkCursor {
    private let rows: RowCursor
    private var next: (file: FileID, chunk: ChunkRecord)?

    init(_ database: Database) throws {
        rows = try Row.fetchCursor(
            database,
            sql: #"SELECT file, "index", version, length, crc32c, assigned, former FROM chunks ORDER BY file, "index""#)
        try advance()
    }

    var isAtEnd: Bool { next == nil }

    /// The chunks of `file`, where those of all files before it were taken.
    func take(of file: FileID) throws -> [ChunkRecord] {
        var chunks: [ChunkRecord] = []
        while let (owner, chunk) = next, owner == file {
            chunks.append(chunk)
            try advance()
        }
        return chunks
    }

    private func advance() throws {
        guard let row = try rows.next() else {
            next = nil
            return
        }
        var digest: Digest?
        if let length = row[3] as Int64?, let crc = row[4] as Int64? {
            guard let crc32c = UInt32(exactly: crc), length >= 0 else {
                throw RecordReader.damaged("a chunk's digest is no digest")
            }
            digest = Digest(length: UInt64(length), crc32c: crc32c)
        }
        guard let index = Int(exactly: row[1] as Int64), (0..<Int(Int32.max)).contains(index) else {
            throw RecordReader.damaged("a chunk's index is out of range")
        }
        next = (
            FileID(stored: row[0]),
            ChunkRecord(
                index: index, version: UInt64(bitPattern: row[2] as Int64), digest: digest,
                assigned: try addresses(in: row[5]), former: try addresses(in: row[6]))
        )
    }

    private func addresses(in text: String?) throws -> [ServerAddress] {
        guard let text else { return [] }
        return try text.split(separator: ",").map { try ServerAddress(String($0)) }
    }
}
