import DFSCore
import DFSFiles
import DFSMetadata
import NIOCore

/// The backups that a master makes by itself: a folder with the newest of one cluster. All calls block.
///
/// Files of other names are never touched: those of other clusters, and what operators put there.
package struct BackupShelf: Sendable {
    /// Where they are.
    package let folder: String
    private let clusterID: String
    private let keepCount: Int
    private let fileSystem: any FileSystem

    /// What ``add(of:at:cancellation:)`` did.
    package struct Addition: Sendable {
        /// The new backup.
        package let path: String
        package let contents: MetadataBackup.Contents
        /// How many older ones were removed.
        package fileprivate(set) var removedCount = 0
        /// Why one that is too old is still there. The next addition tries again.
        package fileprivate(set) var removalFailure: DFSError?
    }

    /// - Parameters:
    ///   - clusterID: whose backups they are.
    ///   - keepCount: at least 1.
    package init(folder: String, clusterID: String, keepCount: Int, fileSystem: any FileSystem) {
        precondition(keepCount > 0, "a folder that keeps no backup needs none")
        self.folder = folder
        self.clusterID = clusterID
        self.keepCount = keepCount
        self.fileSystem = fileSystem
    }

    /// Makes the folder where it is missing, sees whether it can be written, and removes what a crash left half-written.
    ///
    /// - Throws: ``DFSError`` that names the folder and the remedy.
    package func prepare() throws(DFSError) {
        do {
            try fileSystem.makeFolder(folder)
            let probe = path(BackupName(clusterID: clusterID, seconds: 0)) + BackupName.partialSuffix
            try fileSystem.remove(probe)
            let file = try fileSystem.open(probe, .creating)
            try file.write([ByteBuffer(string: "probe")], at: 0)
            for name in try fileSystem.names(inFolder: folder) where BackupName.isPartial(name, of: clusterID) {
                try fileSystem.remove("\(folder)/\(name)")
            }
        } catch {
            throw DFSError(
                error.code,
                "no backups can be kept in \(folder): \(error.message); name a folder that can be written with -backup-dir"
            )
        }
    }

    /// The time of the newest backup, in seconds since 1970; `nil` where there is none.
    package func newest() throws(DFSError) -> Int? { try backups().last?.seconds }

    /// Writes a backup and then removes the oldest beyond those that are kept.
    ///
    /// - Parameters:
    ///   - metadataFolder: of the store; a master may be running on it.
    ///   - seconds: the calendar's time, for its name. Where a newer one is there, as after the calendar was set back, it is
    ///     called a second later than that: the newest is always last.
    ///   - cancellation: ends it early.
    /// - Returns: when it was read back and is durable.
    /// - Throws: ``DFSError`` that names the file and the remedy; then no backup is less, and none half-written.
    package func add(
        of metadataFolder: String, at seconds: Int, cancellation: BackupCancellation = BackupCancellation()
    ) throws(DFSError) -> Addition {
        let before = try backups()
        let name = BackupName(clusterID: clusterID, seconds: max(seconds, before.last.map { $0.seconds + 1 } ?? 0))
        let contents = try MetadataBackup.write(
            of: metadataFolder, to: path(name), fileSystem: fileSystem, cancellation: cancellation)
        var addition = Addition(path: path(name), contents: contents)
        do {
            for old in before.prefix(max(0, before.count + 1 - keepCount)) {
                try fileSystem.remove(path(old))
                addition.removedCount += 1
            }
            if addition.removedCount > 0 { try fileSystem.syncFolder(folder) }
        } catch {
            addition.removalFailure = error
        }
        return addition
    }

    /// Those of this cluster that are whole, oldest first.
    private func backups() throws(DFSError) -> [BackupName] {
        let names = try fileSystem.names(inFolder: folder)
        return names.compactMap { BackupName($0, of: clusterID) }.sorted { $0.seconds < $1.seconds }
    }

    private func path(_ name: BackupName) -> String { "\(folder)/\(name.text)" }
}
