/// The quarantined chunks whose room may be taken back, oldest first: decisions only, no files.
///
/// Holds one entry a file, so it is bounded by what is in quarantine.
struct SpareChunks: Sendable {
    /// One file in quarantine.
    struct Entry: Sendable, Equatable {
        let path: String
        /// The folder of its time.
        let folder: String
        let bytes: Int64
    }

    private var entries: [Entry] = []
    /// Bytes, over all entries.
    private(set) var total: Int64 = 0

    /// The youngest so far.
    mutating func append(_ entry: Entry) {
        entries.append(entry)
        total += entry.bytes
    }

    /// The oldest entries that together have at least `bytes`, or all when they have less; at least one, where there is
    /// any. They are the caller's to erase and no longer in here.
    mutating func takeOldest(_ bytes: Int64) -> [Entry] {
        var count = 0
        var sum: Int64 = 0
        while count < entries.count, sum < bytes || count == 0 {
            sum += entries[count].bytes
            count += 1
        }
        defer { entries.removeFirst(count) }
        total -= sum
        return Array(entries.prefix(count))
    }

    /// The folder's time is over, and all in it is erased.
    mutating func forget(folder: String) {
        entries.removeAll { $0.folder == folder }
        total = entries.reduce(0) { $0 + $1.bytes }
    }
}
