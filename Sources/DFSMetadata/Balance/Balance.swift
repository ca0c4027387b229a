import DFSCore

/// How an operator wants chunks to be moved (docs/decisions/0035).
package struct BalanceOrder: Sendable, Equatable {
    /// How far the use of a server may be from the mean, in millionths of its room.
    package let thresholdPPM: UInt32
    /// Moved in the whole cluster at most.
    package let bytesPerSecond: UInt64

    package init(thresholdPPM: UInt32, bytesPerSecond: UInt64) {
        self.thresholdPPM = thresholdPPM
        self.bytesPerSecond = bytesPerSecond
    }
}

/// How far balancing has come.
package struct BalanceStanding: Sendable, Equatable {
    /// `nil` while nothing is begun.
    package var order: BalanceOrder?
    /// Under way.
    package var moving = 0
    /// Since it was started.
    package var movedChunks = 0
    package var movedBytes: UInt64 = 0
    /// The copy did not come, or was needed as one more.
    package var failedMoves = 0
    /// At least, until every server is within the threshold.
    package var bytesToMove: UInt64 = 0
    /// What it waits for, or how it ended.
    package var note = ""
}

/// Evens out how full servers are. Nothing of it is durable: a master that is restarted does not go on.
struct Balance: Sendable {
    /// A copy of a chunk that is to take the place of another one.
    struct Move: Sendable {
        let source: ServerHandle
        let target: ServerHandle
        let bytes: UInt64
        /// Whether the target's copy is there; the source's goes when the others were read.
        var hasArrived = false
    }

    /// Chunks that a server has lately been told to give up for the sake of balance.
    struct Given: Sendable {
        var since: MonotonicInstant
        var count = 0
    }

    var order: BalanceOrder?
    var moves: [ChunkHandle: Move] = [:]
    var given: [ServerHandle: Given] = [:]
    /// Bytes that may be moved now; less than zero after a large chunk.
    var credit: Int64 = 0
    var creditedAt: MonotonicInstant?
    /// The slot that is looked at next, and how many were since something was last moved.
    var next: UInt32 = 0
    var fruitless: UInt64 = 0
    /// Pairs of servers that were weighed in this tick.
    var pairs = 0

    var movedChunks = 0
    var movedBytes: UInt64 = 0
    var failedMoves = 0
    var note = ""

    /// What was not used is lost after a second.
    mutating func earn(_ bytesPerSecond: UInt64, now: MonotonicInstant) {
        let rate = Int64(clamping: min(bytesPerSecond, 1 << 62))
        let milliseconds = Int64((now - (creditedAt ?? now)) / .milliseconds(1))
        creditedAt = now
        let (earned, overflow) = rate.multipliedReportingOverflow(by: milliseconds)
        credit = overflow ? rate : min(rate, credit + earned / 1000)
    }
}

/// How full the servers are that take part in balancing, with the moves under way taken for done.
struct ClusterUse: Sendable {
    struct Entry: Sendable {
        var used: Double
        /// Used and free; more than zero.
        let room: Double

        var share: Double { used / room }
    }

    private(set) var entries: [ServerHandle: Entry] = [:]
    /// Of all room.
    private(set) var mean = 0.0
    let threshold: Double
    /// Those below the mean, the emptiest first: found once for all chunks, and again after a move.
    private var receivers: [ServerHandle] = []
    /// How many of them are below what the threshold allows, too.
    private var underCount = 0
    /// Whether some server is above what the threshold allows.
    private(set) var hasOver = false

    init(_ servers: [Server], _ moves: some Sequence<Balance.Move>, thresholdPPM: UInt32) {
        threshold = Double(thresholdPPM) / 1e6
        for server in servers where server.isAlive && server.stream != nil && server.adminState == .normal {
            let room = Double(server.roomBytes)
            if room > 0 { entries[server.handle] = Entry(used: Double(server.usedBytes), room: room) }
        }
        for move in moves { take(move) }
        let room = entries.values.reduce(0) { $0 + $1.room }
        if room > 0 { mean = entries.values.reduce(0) { $0 + $1.used } / room }
        compare()
    }

    /// The move is as good as done.
    mutating func note(_ move: Balance.Move) {
        take(move)
        compare()
    }

    private mutating func take(_ move: Balance.Move) {
        entries[move.source]?.used -= Double(move.bytes)
        if !move.hasArrived { entries[move.target]?.used += Double(move.bytes) }
    }

    private mutating func compare() {
        receivers = entries.filter { $0.value.share < mean }
            .sorted { ($0.value.share, $0.key) < ($1.value.share, $1.key) }.map(\.key)
        hasOver = entries.values.contains { $0.share > mean + threshold }
        underCount = receivers.prefix { share($0) < mean - threshold }.count
    }

    var isBalanced: Bool { !hasOver && underCount == 0 }

    /// Those to which moving something of the source may help, the emptiest first.
    func receivers(of source: ServerHandle) -> ArraySlice<ServerHandle> {
        let share = share(source)
        if share > mean + threshold { return receivers[...] }
        return share > mean ? receivers.prefix(underCount) : []
    }

    /// Bytes above, or below, what the threshold allows; the larger of both.
    var excess: UInt64 {
        var (above, below) = (0.0, 0.0)
        for entry in entries.values {
            above += max(0, entry.used - (mean + threshold) * entry.room)
            below += max(0, (mean - threshold) * entry.room - entry.used)
        }
        return UInt64(max(above, below))
    }

    /// Whether moving so many bytes helps: from a server that is too full to one below the mean, or from one above the mean to
    /// one that is too empty; and the target does not become the fuller one. So no chunk is ever moved back.
    func helps(_ bytes: UInt64, from source: ServerHandle, to target: ServerHandle) -> Bool {
        guard let from = entries[source], let to = entries[target], source != target else { return false }
        let isWanted =
            (from.share > mean + threshold && to.share < mean) || (from.share > mean && to.share < mean - threshold)
        return isWanted && (from.used - Double(bytes)) / from.room >= (to.used + Double(bytes)) / to.room
    }

    func share(_ server: ServerHandle) -> Double { entries[server]?.share ?? 0 }
}
