import DFSCore
import DFSFiles
import DFSMetadata
import GRDB

/// Makes of a backup what a master may begin with: since it was written things have happened that it does not know, and nothing is
/// to be deleted because of that.
enum RestoredStore {
    /// Changes the database at `path`, which nobody else uses. Durable on return. Blocks.
    ///
    /// - Parameter wallSeconds: now, in seconds since 1970.
    /// - Returns: how many unfinished uploads were forgotten.
    static func prepare(_ path: String, at wallSeconds: Int64) throws(DFSError) -> Int {
        try storeErrors(path) {
            let queue = try DatabaseQueue(path: path)
            // One file, whatever the backup was made with.
            try queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA journal_mode = DELETE") }
            let count = try queue.write { database in
                let count = try forgetUploads(database)
                try keepTrash(database, from: wallSeconds)
                try raiseVersions(database)
                return count
            }
            try queue.close()
            return count
        }
    }

    /// Uploads that were unfinished may have been finished since, or have got more chunks: a master that knew them would abandon
    /// them, or take what it knows of a Go client's for all of it. Without tombstones their chunks are orphans, and as those of
    /// uploads that were begun after the backup they stay: the seconds in which these began are no time of use any more.
    private static func forgetUploads(_ database: Database) throws -> Int {
        let uploads = try Int64.fetchAll(database, sql: "SELECT id FROM files WHERE sealed_at IS NULL")
        for second in Set(uploads.map { Int64(bitPattern: FileID(stored: $0).second) }) {
            try database.execute(
                sql: """
                    INSERT INTO periods (began_at, ended_at)
                        SELECT :second + 1, max(ended_at) FROM periods WHERE began_at <= :second AND ended_at > :second
                        GROUP BY 1
                        ON CONFLICT DO UPDATE SET ended_at = max(ended_at, excluded.ended_at)
                    """, arguments: ["second": second])
            try database.execute(
                sql: "UPDATE periods SET ended_at = :second WHERE began_at <= :second AND ended_at > :second",
                arguments: ["second": second])
        }
        try database.execute(
            sql: """
                DELETE FROM chunks WHERE file IN (SELECT id FROM files WHERE sealed_at IS NULL);
                DELETE FROM files WHERE sealed_at IS NULL;
                """)
        if try database.tableExists("kept_uploads") { try database.execute(sql: "DELETE FROM kept_uploads") }
        return uploads.count
    }

    /// What was in the trash may have been brought back since: it has its whole time again. What was being deleted for good could
    /// not be brought back.
    private static func keepTrash(_ database: Database, from wallSeconds: Int64) throws {
        try database.execute(
            sql: """
                UPDATE trash SET removed_at = ? WHERE is_purging = 0
                    AND id > coalesce((SELECT purged_through FROM cluster), '')
                """, arguments: [wallSeconds])
    }

    /// Chunks that were open may have got higher versions since, which none may get again.
    private static func raiseVersions(_ database: Database) throws {
        try database.execute(
            sql: "UPDATE chunks SET version = version + ? WHERE length IS NULL",
            arguments: [Int64(bitPattern: ChunkRecord.versionsOfOneLife)])
    }
}
