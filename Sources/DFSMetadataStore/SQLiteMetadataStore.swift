import DFSCore
import DFSFiles
import DFSMetadata
import GRDB
import Synchronization

/// The metadata in one SQLite database, in a folder that one process holds at a time.
///
/// The folder holds `metadata.sqlite` with its `-wal` and `-shm` files, `lock`, and `cluster-id`, which remembers that
/// there was a store even if the database is lost. The database is in WAL mode with `synchronous=FULL`: a transaction is
/// one write to the log and one sync, and a crash loses none that was acknowledged. The tables are described in
/// `docs/formats/metadata-sqlite.md`.
package final class SQLiteMetadataStore: MetadataStore {
    static let databaseName = "metadata.sqlite"
    static let lockName = "lock"
    static let clusterIDName = "cluster-id"

    /// For tests, too: what the connection is set to.
    let queue: DatabaseQueue
    /// Raised each time the store is opened: a master that was put off, however that came about, writes no more.
    private let epoch: Int64
    private let checkpointer: Checkpointer
    /// Held from before the database is opened until after it is closed.
    private let lock: Mutex<FileLock?>
    package let location: String

    /// Opens the store in `folder`, or makes one where there is none.
    ///
    /// - Parameter makeClusterID: called where a new store is made.
    /// - Throws: ``DFSError`` that names the file and the remedy: ``DFSError/Code/unavailable`` where another process has
    ///   the folder, ``DFSError/Code/failedPrecondition`` for a store of a newer version or a file of something else,
    ///   ``DFSError/Code/dataLoss`` for a damaged or a missing one, ``DFSError/Code/permissionDenied`` as it says.
    package init(
        folder: String, fileSystem: any FileSystem, makeClusterID: () -> String
    ) throws(DFSError) {
        try fileSystem.makeFolder(folder)
        guard let lock = try fileSystem.lock("\(folder)/\(Self.lockName)") else {
            throw DFSError(
                .failedPrecondition,
                "another master is using \(folder); stop it, or choose another folder with -meta-dir")
        }
        self.lock = Mutex(lock)
        let path = "\(folder)/\(Self.databaseName)"
        location = path
        let known = try fileSystem.readSmallFile("\(folder)/\(Self.clusterIDName)")
        let size = try fileSystem.status(of: path)?.size ?? 0
        if let known, size == 0 {
            throw DFSError(
                .dataLoss,
                "\(path) is missing or empty, but \(folder) holds the metadata of cluster \(known); restore the file "
                    + "from a backup, or remove \(folder)/\(Self.clusterIDName) to begin a new, empty cluster")
        }
        queue = try storeErrors(path) { try DatabaseQueue(path: path, configuration: Self.configuration) }
        let opened = try storeErrors(path) { [queue] in
            try queue.writeWithoutTransaction { database in
                try Self.setUp(database)
                try Schema.check(database, path: path)
                if let known { try Schema.check(database, isOf: known, path: path) }
                return try Schema.open(database, makeClusterID: makeClusterID)
            }
        }
        epoch = opened.epoch
        checkpointer = try storeErrors(path) { try Checkpointer(path: path, configuration: Self.configuration) }
        try fileSystem.syncFolder(folder)
        if known == nil {
            try fileSystem.replaceSmallFile(Self.clusterIDName, in: folder, by: opened.clusterID)
        }
    }

    package func load(_ take: (StoredRecord) throws(DFSError) -> Void) throws(DFSError) -> String {
        try storeErrors(location) {
            try queue.read { database in
                guard try String.fetchOne(database, sql: "PRAGMA quick_check(1)") == "ok" else {
                    throw DatabaseError(resultCode: .SQLITE_CORRUPT)
                }
                return try RecordReader.read(database, take)
            }
        }
    }

    package func append(_ batch: [Mutation]) throws(DFSError) {
        guard !batch.isEmpty else { return }
        try storeErrors(location) {
            try queue.write { database in
                try Self.check(database, epoch: epoch)
                for mutation in batch { try MutationWriter.write(mutation, to: database) }
            }
            try checkpointer.noteChanges(batch.count, in: queue)
        }
    }

    private static func check(_ database: Database, epoch: Int64) throws {
        let newest = try database.cachedStatement(sql: "SELECT epoch FROM cluster")
        guard try Int64.fetchOne(newest) == epoch else {
            throw DFSError(
                .failedPrecondition, "another master has taken the metadata over; this one must stop", advice: .giveUp)
        }
    }

    package func close() throws(DFSError) {
        try storeErrors(location) {
            try checkpointer.close()
            try queue.close()
        }
        lock.withLock { $0 = nil }
    }

    /// What each connection is set to once it is open: GRDB sets another synchronization when it has set WAL mode, after all
    /// that a configuration can say.
    static func setUp(_ database: Database) throws {
        // FULL syncs the log at each commit; NORMAL would lose the last ones.
        try database.execute(sql: "PRAGMA synchronous = FULL")
        // The checkpointer does it; within a commit it would hold everybody up.
        try database.execute(sql: "PRAGMA wal_autocheckpoint = 0")
    }

    private static var configuration: Configuration {
        var configuration = Configuration()
        configuration.journalMode = .wal
        configuration.busyMode = .timeout(5)
        configuration.foreignKeysEnabled = false
        return configuration
    }
}
