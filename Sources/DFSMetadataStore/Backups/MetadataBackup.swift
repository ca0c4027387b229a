import DFSCore
import DFSFiles
import DFSMetadata
import GRDB
import NIOCore

/// Copies of a metadata store: made while its master runs, and taken as the beginning of a store.
///
/// A backup is one SQLite file of the same tables, as they were at one moment. All calls block.
package enum MetadataBackup {
    /// What was written or restored.
    package struct Contents: Sendable, Equatable {
        /// Of the cluster whose metadata it is.
        package var clusterID = ""
        package var fileCount = 0
    }

    /// Writes a backup of the store in `folder` to `path`, which must be free. A master may be running on the store; it is
    /// not disturbed but for the disk's time.
    ///
    /// - Parameter cancellation: ends it early.
    /// - Returns: when the backup was read back and is durable under its name, with what it holds.
    /// - Throws: ``DFSError`` that names the file and the remedy; then there is no file at `path`.
    package static func write(
        of folder: String, to path: String, fileSystem: any FileSystem,
        cancellation: BackupCancellation = BackupCancellation()
    ) throws(DFSError) -> Contents {
        guard try fileSystem.status(of: path) == nil else {
            throw DFSError(.alreadyExists, "\(path) exists already; choose another file for the backup")
        }
        let source = "\(folder)/\(SQLiteMetadataStore.databaseName)"
        let partial = path + BackupName.partialSuffix
        try fileSystem.remove(partial)
        do {
            try withDatabase(source, cancellation) { database in try copy(database, to: partial) }
            let contents = try count(partial, cancellation)
            try fileSystem.open(partial, .reading).sync()
            try fileSystem.rename(partial, to: path, replacing: false)
            try fileSystem.syncFolder(path.parentPath ?? ".")
            return contents
        } catch {
            _ = try? fileSystem.remove(partial)
            throw error
        }
    }

    /// What hinders the writing is the new file's, all else the store's.
    private static func copy(_ database: Database, to target: String) throws {
        do {
            try database.execute(sql: "VACUUM INTO ?", arguments: [target])
        } catch let error as DatabaseError {
            switch error.resultCode {
            case .SQLITE_FULL, .SQLITE_CANTOPEN, .SQLITE_READONLY, .SQLITE_PERM: try storeErrors(target) { throw error }
            default: throw error
            }
        }
    }

    /// Makes the backup at `path` the store in `folder`, which has none: a new folder, or one that lost its database. Unfinished
    /// uploads are left out, and the trash is kept for its whole time again (``RestoredStore``).
    ///
    /// - Parameter wallSeconds: now, in seconds since 1970.
    /// - Returns: when the store is durable, with what it holds.
    /// - Throws: ``DFSError``: ``DFSError/Code/alreadyExists`` where the folder has a database,
    ///   ``DFSError/Code/failedPrecondition`` where a master runs on it, it belongs to another cluster or the backup is none,
    ///   ``DFSError/Code/dataLoss`` for a damaged backup. Nothing has changed then.
    package static func restore(
        _ path: String, into folder: String, fileSystem: any FileSystem, wallSeconds: Int64 = WallSeconds.now()
    ) throws(DFSError) -> Contents {
        var contents = try check(path)
        try fileSystem.makeFolder(folder)
        guard let lock = try fileSystem.lock("\(folder)/\(SQLiteMetadataStore.lockName)") else {
            throw DFSError(.failedPrecondition, "a master is using \(folder); stop it first")
        }
        defer { withExtendedLifetime(lock) {} }
        let target = "\(folder)/\(SQLiteMetadataStore.databaseName)"
        if let size = try fileSystem.status(of: target)?.size, size > 0 {
            throw DFSError(.alreadyExists, "\(target) exists; move it away first, with its -wal and -shm files")
        }
        if let known = try fileSystem.readSmallFile("\(folder)/\(SQLiteMetadataStore.clusterIDName)"),
            known != contents.clusterID
        {
            throw DFSError(
                .failedPrecondition,
                "\(folder) belongs to cluster \(known), the backup to \(contents.clusterID); choose another folder")
        }
        // What is left of the lost database is no part of this one.
        for suffix in ["", "-wal", "-shm"] { try fileSystem.remove(target + suffix) }
        let partial = target + ".partial"
        // A journal of an attempt that was killed would be played into this one.
        for suffix in ["", "-journal", "-wal", "-shm"] { try fileSystem.remove(partial + suffix) }
        try copy(path, to: partial, fileSystem)
        contents.fileCount -= try RestoredStore.prepare(partial, at: wallSeconds)
        try fileSystem.rename(partial, to: target, replacing: false)
        try fileSystem.syncFolder(folder)
        try fileSystem.replaceSmallFile(SQLiteMetadataStore.clusterIDName, in: folder, by: contents.clusterID)
        return contents
    }

    /// Hands out what a store's folder or a backup holds, in the order that ``MasterRecovery`` takes; a master may be
    /// running on it.
    ///
    /// - Returns: the cluster's id.
    package static func read(
        _ path: String, fileSystem: any FileSystem, _ take: (StoredRecord) throws(DFSError) -> Void
    ) throws(DFSError) -> String {
        let isFolder = try fileSystem.status(of: path)?.kind == .folder
        return try read(isFolder ? "\(path)/\(SQLiteMetadataStore.databaseName)" : path, BackupCancellation(), take)
    }

    /// Reads every row.
    private static func count(_ path: String, _ cancellation: BackupCancellation) throws(DFSError) -> Contents {
        var contents = Contents()
        contents.clusterID = try read(path, cancellation) { record throws(DFSError) in
            try cancellation.check()
            if case .file = record { contents.fileCount += 1 }
        }
        return contents
    }

    /// Reads every row, as a master that starts does.
    private static func check(_ path: String) throws(DFSError) -> Contents {
        var recovery = MasterRecovery(
            policy: ClusterPolicy(), seed: 0, now: MonotonicInstant(nanoseconds: 0), location: path)
        let clusterID = try read(path, BackupCancellation()) { record throws(DFSError) in try recovery.add(record) }
        let contents = Contents(clusterID: clusterID, fileCount: recovery.fileCount)
        _ = try recovery.finish()
        return contents
    }

    private static func read(
        _ path: String, _ cancellation: BackupCancellation, _ take: (StoredRecord) throws(DFSError) -> Void
    ) throws(DFSError) -> String {
        try withDatabase(path, cancellation) { database in
            guard try Int.fetchOne(database, sql: "PRAGMA user_version") == Schema.version else {
                throw DFSError(
                    .failedPrecondition,
                    "\(path) is of an older version; start a master on it once, which takes it over")
            }
            guard try String.fetchOne(database, sql: "PRAGMA quick_check(1)") == "ok" else {
                throw DatabaseError(resultCode: .SQLITE_CORRUPT)
            }
            return try RecordReader.read(database, take)
        }
    }

    /// Runs `body` on a database that is not changed.
    private static func withDatabase<Value>(
        _ path: String, _ cancellation: BackupCancellation, _ body: (Database) throws -> Value
    ) throws(DFSError) -> Value {
        try storeErrors(path) {
            var configuration = Configuration()
            configuration.readonly = true
            configuration.busyMode = .timeout(5)
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            let value = try cancellation.whileUsing(queue) {
                try queue.unsafeRead { database in
                    try Schema.check(database, path: path)
                    return try body(database)
                }
            }
            try queue.close()
            return value
        }
    }

    private static func copy(_ source: String, to target: String, _ files: any FileSystem) throws(DFSError) {
        let (input, output) = (try files.open(source, .reading), try files.open(target, .creating))
        var offset: Int64 = 0
        while true {
            let piece = try input.read(upTo: 1 << 20, at: offset)
            if piece.readableBytes == 0 { break }
            try output.write([piece], at: offset)
            offset += Int64(piece.readableBytes)
        }
        try output.sync()
    }
}
