import DFSCore
import DFSMetadata
import GRDB

/// Writes mutations as rows; `MetadataImage.apply` says what each means.
enum MutationWriter {
    static func write(_ mutation: Mutation, to database: Database) throws {
        switch mutation {
        case .begin(let header): try begin(header, database)
        case .allocate(let file, let index, let servers): try allocate(file, index, servers, database)
        case .seal(let file, let digests): try seal(file, digests, database)
        case .abandon(let tombstone): try abandon(tombstone, database)
        }
    }

    private static func begin(_ header: FileHeader, _ database: Database) throws {
        try database.cachedStatement(
            sql: """
                INSERT INTO files (id, name, writer, replication, chunk_size, is_sealed) VALUES (?, ?, ?, ?, ?, 0)
                """
        ).execute(arguments: [
            header.id.stored, header.name.text, header.writer.rawValue, header.replication,
            Int64(bitPattern: header.chunkSize),
        ])
    }

    private static func allocate(
        _ file: FileID, _ index: Int, _ servers: [ServerAddress], _ database: Database
    ) throws {
        let assigned = servers.isEmpty ? nil : servers.map(\.description).joined(separator: ",")
        try database.cachedStatement(sql: #"INSERT INTO chunks (file, "index", version, assigned) VALUES (?, ?, ?, ?)"#)
            .execute(arguments: [file.stored, index, Int64(bitPattern: ChunkRecord.firstVersion), assigned])
    }

    private static func seal(_ file: FileID, _ digests: [Digest], _ database: Database) throws {
        let update = try database.cachedStatement(
            sql: #"UPDATE chunks SET length = ?, crc32c = ?, assigned = NULL WHERE file = ? AND "index" = ?"#)
        for (index, digest) in digests.enumerated() {
            try update.execute(arguments: [
                Int64(bitPattern: digest.length), Int64(digest.crc32c), file.stored, index,
            ])
        }
        try database.cachedStatement(sql: "UPDATE files SET is_sealed = 1 WHERE id = ?")
            .execute(arguments: [file.stored])
    }

    private static func abandon(_ tombstone: Tombstone, _ database: Database) throws {
        try database.cachedStatement(sql: "DELETE FROM chunks WHERE file = ?")
            .execute(arguments: [tombstone.file.stored])
        try database.cachedStatement(sql: "DELETE FROM files WHERE id = ?")
            .execute(arguments: [tombstone.file.stored])
        guard tombstone.chunkCount > 0 else { return }
        try database.cachedStatement(sql: "INSERT INTO tombstones (file, name, chunk_count) VALUES (?, ?, ?)")
            .execute(arguments: [tombstone.file.stored, tombstone.name.text, tombstone.chunkCount])
    }
}

extension FileID {
    /// As SQLite keeps it.
    var stored: Int64 { Int64(bitPattern: rawValue) }

    init(stored: Int64) { self.init(rawValue: UInt64(bitPattern: stored)) }
}
