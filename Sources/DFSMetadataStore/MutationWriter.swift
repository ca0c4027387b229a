import DFSCore
import DFSMetadata
import GRDB

/// Writes mutations as rows; `MetadataImage.apply` says what each means.
enum MutationWriter {
    static func write(_ mutation: Mutation, to database: Database) throws {
        switch mutation {
        case .begin(let header, let place): try begin(header, place, database)
        case .allocate(let file, let index, let servers): try allocate(file, index, servers, database)
        case .seal(let file, let digests, let time): try seal(file, digests, time, database)
        case .openChunk(let file, let index, let version, let servers, let former):
            try openChunk(file, index, version, servers, former, database)
        case .raiseVersion(let file, let index, let version):
            try run(
                #"UPDATE chunks SET version = ? WHERE file = ? AND "index" = ?"#,
                [Int64(bitPattern: version), file.stored, index], database)
        case .sealChunk(let file, let index, let version, let digest, let time):
            try run(
                #"UPDATE chunks SET version = ?, length = ?, crc32c = ?, assigned = NULL, former = NULL WHERE file = ? AND "index" = ?"#,
                [
                    Int64(bitPattern: version), Int64(bitPattern: digest.length), Int64(digest.crc32c), file.stored,
                    index,
                ], database)
            try run("UPDATE files SET sealed_at = ? WHERE id = ?", [Int64(bitPattern: time), file.stored], database)
        case .noteStale(let file, let index, let servers):
            try run(
                #"UPDATE chunks SET assigned = ? WHERE file = ? AND "index" = ?"#,
                [text(of: servers), file.stored, index], database)
        case .abandon(let tombstone): try abandon(tombstone, database)
        case .forgetTombstone(let file): try run("DELETE FROM tombstones WHERE file = ?", [file.stored], database)
        case .use(let period):
            try run(
                "INSERT INTO periods (began_at, ended_at) VALUES (?, ?) ON CONFLICT DO UPDATE SET ended_at = excluded.ended_at",
                [Int64(bitPattern: period.beganAt), Int64(bitPattern: period.endedAt)], database)
        case .setServer(let record): try setServer(record, database)
        case .setReplication(let file, let copies):
            try run("UPDATE files SET replication = ? WHERE id = ?", [copies, file.stored], database)
        case .setAttributes(let file, let attributes):
            try run(
                "UPDATE files SET attributes = ? WHERE id = ?", [AttributesColumn.text(of: attributes), file.stored],
                database)
        case .makeFolder(let folder):
            try run(
                "INSERT INTO folders (id, parent, leaf, created_at) VALUES (?, ?, ?, ?)",
                [
                    folder.id.stored, folder.place.parent.stored, folder.place.name.text,
                    Int64(bitPattern: folder.createdAt),
                ], database)
        case .move(let node, let place): try move(node, place, database)
        case .removeFolder(let id): try run("DELETE FROM folders WHERE id = ?", [id.stored], database)
        case .trash(let record): try trash(record, database)
        case .purge(let id): try run("UPDATE trash SET is_purging = 1 WHERE id = ?", [id.text], database)
        case .purgeThrough(let id): try run("UPDATE cluster SET purged_through = ?", [id.text], database)
        case .forgetTrash(let id): try run("DELETE FROM trash WHERE id = ?", [id.text], database)
        case .remember(let request): try run("INSERT INTO requests (id) VALUES (?)", [request.id], database)
        case .forgetRequests(let count):
            try run(
                "DELETE FROM requests WHERE number IN (SELECT number FROM requests ORDER BY number LIMIT ?)", [count],
                database)
        }
    }

    private static func run(_ sql: String, _ arguments: StatementArguments, _ database: Database) throws {
        try database.cachedStatement(sql: sql).execute(arguments: arguments)
    }

    private static func setServer(_ record: ServerRecord, _ database: Database) throws {
        guard record.state != .normal else {
            return try run("DELETE FROM servers WHERE address = ?", [record.address.description], database)
        }
        try run(
            "INSERT OR REPLACE INTO servers (address, node_id, state, until) VALUES (?, ?, ?, ?)",
            [
                record.address.description, record.nodeID, record.state.rawValue, Int64(bitPattern: record.until),
            ], database)
    }

    private static func begin(_ header: FileHeader, _ place: Place, _ database: Database) throws {
        try run(
            """
            INSERT INTO files (id, name, parent, leaf, writer, replication, chunk_size, replaces, created_at, attributes)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                header.id.stored, header.name.text, place.parent.stored, place.name.text, header.writer.rawValue,
                header.replication, Int64(bitPattern: header.chunkSize), header.replaces,
                Int64(bitPattern: header.createdAt), AttributesColumn.text(of: header.attributes),
            ], database)
        guard header.keepSeconds > 0 else { return }
        try run(
            "INSERT INTO kept_uploads (file, seconds) VALUES (?, ?)", [header.id.stored, header.keepSeconds], database)
    }

    private static func move(_ node: NodeID, _ place: Place, _ database: Database) throws {
        switch node {
        case .file(let id):
            try run(
                "UPDATE files SET parent = ?, leaf = ? WHERE id = ?",
                [place.parent.stored, place.name.text, id.stored],
                database)
        case .folder(let id):
            try run(
                "UPDATE folders SET parent = ?, leaf = ? WHERE id = ?",
                [place.parent.stored, place.name.text, id.stored], database)
        }
    }

    private static func trash(_ record: TrashRecord, _ database: Database) throws {
        try move(record.node, record.place, database)
        let (isFolder, node) = record.node.stored
        try run(
            "INSERT INTO trash (id, is_folder, node, path, removed_at, is_purging) VALUES (?, ?, ?, ?, ?, ?)",
            [
                record.id.text, isFolder, node, record.path.text, Int64(bitPattern: record.removedAt),
                record.isPurging,
            ], database)
    }

    private static func allocate(
        _ file: FileID, _ index: Int, _ servers: [ServerAddress], _ database: Database
    ) throws {
        let assigned = servers.isEmpty ? nil : servers.map(\.description).joined(separator: ",")
        try database.cachedStatement(sql: #"INSERT INTO chunks (file, "index", version, assigned) VALUES (?, ?, ?, ?)"#)
            .execute(arguments: [file.stored, index, Int64(bitPattern: ChunkRecord.firstVersion), assigned])
    }

    private static func openChunk(
        _ file: FileID, _ index: Int, _ version: UInt64, _ servers: [ServerAddress], _ former: [ServerAddress],
        _ database: Database
    ) throws {
        try run(
            #"""
            INSERT INTO chunks (file, "index", version, assigned, former) VALUES (?, ?, ?, ?, ?)
            ON CONFLICT DO UPDATE SET version = excluded.version, assigned = excluded.assigned, former = excluded.former
            """#,
            [file.stored, index, Int64(bitPattern: version), text(of: servers), text(of: former)], database)
    }

    private static func text(of servers: [ServerAddress]) -> String? {
        servers.isEmpty ? nil : servers.map(\.description).joined(separator: ",")
    }

    private static func seal(_ file: FileID, _ digests: [Digest], _ time: UInt64, _ database: Database) throws {
        let update = try database.cachedStatement(
            sql: #"UPDATE chunks SET length = ?, crc32c = ?, assigned = NULL WHERE file = ? AND "index" = ?"#)
        for (index, digest) in digests.enumerated() {
            try update.execute(arguments: [
                Int64(bitPattern: digest.length), Int64(digest.crc32c), file.stored, index,
            ])
        }
        try run(
            "UPDATE files SET sealed_at = ? WHERE id = ?", [Int64(bitPattern: time), file.stored], database)
        try run("DELETE FROM kept_uploads WHERE file = ?", [file.stored], database)
    }

    private static func abandon(_ tombstone: Tombstone, _ database: Database) throws {
        try database.cachedStatement(sql: "DELETE FROM chunks WHERE file = ?")
            .execute(arguments: [tombstone.file.stored])
        try database.cachedStatement(sql: "DELETE FROM files WHERE id = ?")
            .execute(arguments: [tombstone.file.stored])
        try run("DELETE FROM kept_uploads WHERE file = ?", [tombstone.file.stored], database)
        guard tombstone.chunkCount > 0 else { return }
        try database.cachedStatement(
            sql: "INSERT INTO tombstones (file, name, chunk_count, abandoned_at) VALUES (?, ?, ?, ?)"
        )
        .execute(arguments: [
            tombstone.file.stored, tombstone.name.text, tombstone.chunkCount,
            Int64(bitPattern: tombstone.abandonedAt),
        ])
    }
}

extension FileID {
    /// As SQLite keeps it.
    var stored: Int64 { Int64(bitPattern: rawValue) }

    init(stored: Int64) { self.init(rawValue: UInt64(bitPattern: stored)) }
}

extension FolderID {
    /// As SQLite keeps it.
    var stored: Int64 { Int64(bitPattern: rawValue) }

    init(stored: Int64) { self.init(rawValue: UInt64(bitPattern: stored)) }
}

extension NodeID {
    /// As SQLite keeps it.
    var stored: (isFolder: Bool, id: Int64) {
        switch self {
        case .folder(let id): (true, id.stored)
        case .file(let id): (false, id.stored)
        }
    }

    init(isFolder: Bool, stored: Int64) {
        self = isFolder ? .folder(FolderID(stored: stored)) : .file(FileID(stored: stored))
    }
}
