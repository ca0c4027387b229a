import DFSCore

/// The times in which uploads were begun with this store, by the seconds in their files' ids.
///
/// A store that was restored from an older backup does not know the time after it: chunks with ids of that time are of files that
/// it lost, and are left alone for ever. The same goes for chunks of another cluster's and of Go masters.
struct UsePeriods: Sendable {
    private var periods: [UsePeriod] = []
    /// Of this master's life; it comes to be with its first upload.
    private var current: UsePeriod?

    /// Above the ids of all uploads that were ever begun.
    var firstFreeID: UInt64 { periods.map { FileID.first(of: $0.endedAt + 1).rawValue }.max() ?? 0 }

    mutating func insert(_ period: UsePeriod) { periods.append(period) }

    /// Notes that an upload begins.
    ///
    /// - Returns: what is to be made durable with it, if anything.
    mutating func note(_ second: UInt64) -> UsePeriod? {
        if let known = current, known.endedAt >= second { return nil }
        let period = UsePeriod(beganAt: current?.beganAt ?? second, endedAt: second)
        current = period
        return period
    }

    /// Whether an upload with this id can only have been begun with this store. The last second of a period does not count: a
    /// backup may have been made in it.
    func cover(_ file: FileID) -> Bool {
        let second = file.second
        return (periods + (current.map { [$0] } ?? [])).contains { $0.beganAt <= second && second < $0.endedAt }
    }
}
