import DFSCore
import GRDB

/// The shape of the database and how it is told from others.
enum Schema {
    /// "DFSm": SQLite keeps it in the file's header, for telling one application's files from another's.
    static let applicationID = 0x4446_536D
    /// Raised by each change that an older master could not read.
    static let version = 6

    /// Refuses a file of another application and one of a newer version.
    static func check(_ database: Database, path: String) throws {
        let application = try Int.fetchOne(database, sql: "PRAGMA application_id") ?? 0
        let version = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
        if application != applicationID {
            let tables = try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_master") ?? 0
            guard application == 0, version == 0, tables == 0 else {
                throw DFSError(
                    .failedPrecondition,
                    "\(path) is a database of something else; move it away, or choose another folder with -meta-dir")
            }
        }
        guard version <= Self.version else {
            throw DFSError(
                .failedPrecondition,
                "\(path) has version \(version), this master knows \(Self.version); run the newer master that made it")
        }
    }

    /// Refuses a database that is blank, as without its log, or another cluster's, in the folder of the cluster `known`.
    static func check(_ database: Database, isOf known: String, path: String) throws {
        let isBlank = try Int.fetchOne(database, sql: "PRAGMA user_version") == 0
        let found = isBlank ? nil : try String.fetchOne(database, sql: "SELECT id FROM cluster")
        guard found != known else { return }
        throw DFSError(
            .dataLoss,
            "\(path) holds \(found.map { "the metadata of cluster \($0)" } ?? "nothing"), but its folder is that of cluster "
                + "\(known); restore the file, with its -wal file, or remove cluster-id beside it to use it as it is")
    }

    /// Makes the tables where the file is new, brings those of an older version up to date, and raises the epoch: whole or
    /// not at all.
    ///
    /// - Returns: the cluster's id, and the epoch of whoever opened the store.
    static func open(_ database: Database, makeClusterID: () -> String) throws -> (clusterID: String, epoch: Int64) {
        var opened: (String, Int64)?
        try database.inTransaction(.immediate) {
            let found = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
            switch found {
            case 0:
                try database.execute(sql: tables + namespaceTables)
                try database.execute(sql: "INSERT INTO cluster (id) VALUES (?)", arguments: [makeClusterID()])
                try database.execute(sql: "PRAGMA application_id = \(applicationID)")
            case 1: try UpgradeFromVersion1.run(database)
            default: break
            }
            if found < 3 { try database.execute(sql: changesOfVersion3) }
            try database.execute(sql: keptUploads)
            if found < 5 { try database.execute(sql: changesOfVersion5) }
            if found < 6 { try database.execute(sql: changesOfVersion6) }
            try database.execute(sql: "PRAGMA user_version = \(version)")
            // Always, for the commit syncs the log, and with it what an earlier process wrote and died before it had synced
            // it: SQLite takes that for committed, and what is answered from now on rests on it.
            try database.execute(sql: "UPDATE cluster SET epoch = epoch + 1")
            guard let row = try Row.fetchOne(database, sql: "SELECT id, epoch FROM cluster") else {
                throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "it names no cluster")
            }
            opened = (row[0], row[1])
            return .commit
        }
        guard let opened else { throw DatabaseError(resultCode: .SQLITE_INTERNAL) }
        return opened
    }

    /// Masters that do not know this table take its uploads for others, and leave rows of uploads that are no more.
    private static let keptUploads = """
        CREATE TABLE IF NOT EXISTS kept_uploads (
            file INTEGER PRIMARY KEY,
            seconds INTEGER NOT NULL
        ) STRICT;
        DELETE FROM kept_uploads WHERE file NOT IN (SELECT id FROM files WHERE sealed_at IS NULL);
        """

    /// What is as it was in version 1. Ids are unsigned 64-bit numbers kept in SQLite's signed ones, bit by bit.
    private static let tables = """
        CREATE TABLE cluster (id TEXT NOT NULL) STRICT;
        CREATE TABLE chunks (
            file INTEGER NOT NULL,
            "index" INTEGER NOT NULL,
            version INTEGER NOT NULL,
            length INTEGER,
            crc32c INTEGER,
            assigned TEXT,
            PRIMARY KEY (file, "index")
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE tombstones (
            file INTEGER PRIMARY KEY,
            name TEXT NOT NULL,
            chunk_count INTEGER NOT NULL
        ) STRICT;
        """

    /// What version 2 brought or changed. Names need no index: the master knows them, and checks them when it starts.
    static let namespaceTables = """
        CREATE TABLE files (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL,
            parent INTEGER NOT NULL,
            leaf TEXT NOT NULL,
            writer INTEGER NOT NULL,
            replication INTEGER NOT NULL,
            chunk_size INTEGER NOT NULL,
            replaces INTEGER NOT NULL,
            created_at INTEGER NOT NULL,
            sealed_at INTEGER
        ) STRICT;
        CREATE TABLE folders (
            id INTEGER PRIMARY KEY,
            parent INTEGER NOT NULL,
            leaf TEXT NOT NULL,
            created_at INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE trash (
            id TEXT PRIMARY KEY,
            is_folder INTEGER NOT NULL,
            node INTEGER NOT NULL,
            path TEXT NOT NULL,
            removed_at INTEGER NOT NULL,
            is_purging INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE requests (
            number INTEGER PRIMARY KEY,
            id TEXT NOT NULL
        ) STRICT;
        """

    // Version 4 has the same tables; the last chunk of a complete file may be open, which masters of version 3 take for damage.

    /// What version 3 brought: attributes of files, epochs, tombstones that are forgotten in the end, and the times in which
    /// the store was in use.
    private static let changesOfVersion3 = """
        ALTER TABLE cluster ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE cluster ADD COLUMN purged_through TEXT;
        ALTER TABLE files ADD COLUMN attributes TEXT;
        ALTER TABLE tombstones ADD COLUMN abandoned_at INTEGER NOT NULL DEFAULT 0;
        UPDATE tombstones SET abandoned_at = CAST(strftime('%s', 'now') AS INTEGER);
        CREATE TABLE periods (
            began_at INTEGER PRIMARY KEY,
            ended_at INTEGER NOT NULL
        ) STRICT;
        """

    /// What version 5 brought: servers that an operator wants something else of than to serve. A master of version 4 would place
    /// chunks on them.
    private static let changesOfVersion5 = """
        CREATE TABLE servers (
            address TEXT PRIMARY KEY,
            node_id TEXT NOT NULL,
            state INTEGER NOT NULL,
            until INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        """

    /// What version 6 brought: servers of earlier versions of an open chunk. A master of version 5 would let them keep what they
    /// have of it for ever.
    private static let changesOfVersion6 = """
        ALTER TABLE chunks ADD COLUMN former TEXT;
        """
}
