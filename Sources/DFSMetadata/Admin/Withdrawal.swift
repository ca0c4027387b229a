import DFSCore

/// How a server that is not in the normal state comes on: all its chunks are looked at, a bounded number a tick, again and
/// again, since what was enough may not stay enough.
struct Withdrawal: Sendable {
    /// One look at all chunks that the server had when it began.
    struct Pass: Sendable {
        let chunks: [ChunkHandle]
        /// What ``Server/additionCount`` was.
        let additions: UInt32
        var next = 0
        var findings = Findings()
    }

    /// What a pass found.
    struct Findings: Sendable {
        var blockingCount = 0
        var examples: [BlockingChunk] = []
        /// Copies on other servers that some blocking chunk is to have, at most.
        var mostWanted = 0
        /// Open chunks and unfinished files among those that block.
        var openCount = 0
    }

    /// More examples tell an operator nothing new.
    static let maxExamples = 10

    var pass: Pass?
    /// Of the last pass that came to its end; `nil` before, and when the state has just changed.
    var findings: Findings?
}

/// Servers that are not in the normal state, in numbers.
struct Withdrawn: Sendable {
    var count = 0
    /// Those in maintenance that have sent no list in this master's life: nobody knows what they hold.
    var unheardInMaintenance = 0
}
