import DFSCore

/// What a backup that a master makes by itself is called: `metadata-<cluster id>-<time>.sqlite`, the time in UTC as
/// `20261126T162000Z`. So those of one cluster sort by time, and are told from all other files.
struct BackupName: Equatable {
    let clusterID: String
    /// Since 1970.
    let seconds: Int

    var text: String { Self.prefix(clusterID) + WallTime(seconds: seconds, nanoseconds: 0).compact + ".sqlite" }

    init(clusterID: String, seconds: Int) {
        self.clusterID = clusterID
        self.seconds = seconds
    }

    /// - Returns: `nil` where `name` is not one of that cluster's.
    init?(_ name: String, of clusterID: String) {
        let prefix = Self.prefix(clusterID)
        guard name.hasPrefix(prefix), name.hasSuffix(".sqlite"),
            let time = WallTime(compact: String(name.dropFirst(prefix.count).dropLast(".sqlite".count)))
        else { return nil }
        self.init(clusterID: clusterID, seconds: time.seconds)
        guard text.utf8.elementsEqual(name.utf8) else { return nil }
    }

    /// Whether `name` is what a backup of that cluster is called while it is being written, or of a file that SQLite keeps
    /// beside it.
    static func isPartial(_ name: String, of clusterID: String) -> Bool {
        let byteCount = BackupName(clusterID: clusterID, seconds: 0).text.utf8.count
        let (backup, rest) = (name.utf8.prefix(byteCount), name.utf8.dropFirst(byteCount))
        return rest.starts(with: partialSuffix.utf8) && BackupName(String(Substring(backup)), of: clusterID) != nil
    }

    private static func prefix(_ clusterID: String) -> String { "metadata-\(clusterID)-" }

    /// Behind the name of each backup that is being written.
    static let partialSuffix = ".partial"
}
