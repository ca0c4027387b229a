import DFSCore

/// The files that were opened lately: remembered for ``time`` to twice that, the newest ``maxCount`` to twice that many.
struct RecentReads: Sendable {
    static let time = Duration.seconds(600)
    static let maxCount = 4096

    private var newer: Set<FileID> = []
    private var older: Set<FileID> = []
    private var turnedAt: MonotonicInstant?

    func contains(_ file: FileID) -> Bool { newer.contains(file) || older.contains(file) }

    mutating func note(_ file: FileID, now: MonotonicInstant) {
        forget(now: now)
        if newer.insert(file).inserted, newer.count >= Self.maxCount { turn(now) }
    }

    /// Forgets what is too old.
    mutating func forget(now: MonotonicInstant) {
        guard let turnedAt else {
            self.turnedAt = now
            return
        }
        if now - turnedAt >= Self.time * 2 { newer = [] }
        if now - turnedAt >= Self.time { turn(now) }
    }

    private mutating func turn(_ now: MonotonicInstant) {
        older = newer
        newer = []
        turnedAt = now
    }
}
