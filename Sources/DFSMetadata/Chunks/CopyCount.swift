/// The copies of one chunk, by what they are good for.
struct CopyCount: Sendable {
    /// Complete, on live servers that are to keep them.
    var counted = 0
    /// Those of them that their servers' newest lists hold, of servers with a heartbeat stream.
    var sure = 0
    /// On such servers and in their lists, to be proven; those that a copy is on its way to are not, nor those that could not be
    /// read for long.
    var hoped = 0
    /// Complete on live servers in maintenance.
    var maintained = 0
    /// Complete on any live server, and in its newest list.
    var live = 0
    /// Complete on any live server: copies can be made from them.
    var readable = 0
    /// On servers in maintenance, whether they are there or not.
    var away = 0
    /// Proven to hold other bytes.
    var bad = 0
}

/// How many of the wanted copies a chunk of a complete file has.
enum ChunkHealth: UInt8, Sendable {
    /// Its file is being written.
    case uncounted
    /// None on a live server.
    case missing
    /// Some.
    case under
    case whole
    /// More.
    case over
}

/// How many chunks there are of each ``ChunkHealth`` that is worth telling.
struct HealthCounts: Sendable, Equatable {
    var missing = 0
    var under = 0
    var over = 0
    /// Chunks of which a copy was found damaged, until they are whole again.
    var damaged = 0

    mutating func add(_ count: Int, _ health: ChunkHealth) {
        switch health {
        case .uncounted, .whole: break
        case .missing: missing += count
        case .under: under += count
        case .over: over += count
        }
    }
}
