/// What is made to go wrong, and how often it was.
package enum Fault: String, CaseIterable, Sendable {
    case processKilled = "process killed"
    case powerLost = "power lost"
    case allPowerLost = "power of all lost"
    case orderlyStop = "stopped in order"
    case masterKilled = "master killed"
    case masterKilledBeforeCommit = "master killed before its commit"
    case masterKilledAfterCommit = "master killed after its commit"
    case storeFailed = "store of the master failed"
    case paused = "node stood still"
    case linkCut = "link cut, one way"
    case messageLost = "message lost"
    case callRepeated = "call carried out twice"
    case callTimedOut = "call without an answer in time"
    case streamBroken = "heartbeat stream broken"
    case heartbeatLate = "heartbeat after its stream broke"
    case diskError = "disk error"
    case diskFull = "disk full"
    case powerLostInWrite = "power lost in a disk call"
    case diskErrorAtStart = "start failed by the disk"
    case powerLostAtStart = "power lost in a start"
    case bitFlipped = "bit flipped"
    case fileUnreadable = "chunk unreadable"
    case calendarJumped = "calendar jumped"
    case clientKilled = "client killed"
}

/// What clients and the master got done.
package enum Operation: String, CaseIterable, Sendable {
    case filePut = "files put"
    case goFilePut = "files put by Go clients"
    case recordAppended = "records appended"
    case chunkSealed = "open chunks sealed"
    case chunkRead = "chunks read"
    case openChunkRead = "open chunks read"
    case chunkReadAtEnd = "chunks read when all was well"
    case nameChanged = "names changed"
    case broughtBack = "removals brought back"
    case trashEmptied = "trash emptied"
    case copyMade = "copies made"
    case chunkDeleted = "chunks deleted"
    case damageFound = "damage found"
    case operatorObeyed = "wishes of operators carried out"
    case serverEmptied = "servers decommissioned"
    case chunkMoved = "chunks moved for balance"
}

/// Counts of a run, or of many.
package struct Tally: Sendable {
    package private(set) var faults: [Fault: Int] = [:]
    package private(set) var operations: [Operation: Int] = [:]

    package init() {}

    mutating func count(_ fault: Fault) { faults[fault, default: 0] += 1 }
    mutating func count(_ operation: Operation) { operations[operation, default: 0] += 1 }

    /// Adds the counts of another run.
    package mutating func add(_ other: Tally) {
        faults.merge(other.faults, uniquingKeysWith: +)
        operations.merge(other.operations, uniquingKeysWith: +)
    }
}
