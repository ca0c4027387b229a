import DFSChunkServer
import DFSChunkStore
import DFSCore
import DFSMetadata

/// An open chunk of which a server is the primary, after `PrimaryChunk`: the real order of records, one batch at a time.
final class Primary {
    let id: ChunkID
    let version: UInt64
    /// `nil` while the lease is being asked for.
    var sequence: RecordSequence?
    var file: UnsealedChunk?
    var servers: [ServerAddress] = []
    /// Servers that have opened the chunk for this primary.
    var opened: Set<ServerAddress> = []
    /// Records with a place, and whom to answer.
    var waiting: [(place: RecordPlace, answer: (Result<RecordPlace, DFSError>) -> Void)] = []
    var starters: [(Result<Void, DFSError>) -> Void] = []
    /// Why no new record is taken.
    var closing: DFSError?
    /// Why nothing is acknowledged any more.
    var over: DFSError?
    var hasBatchUnderWay = false
    var usedAt: MonotonicInstant

    init(id: ChunkID, version: UInt64, now: MonotonicInstant) {
        self.id = id
        self.version = version
        usedAt = now
    }

    var known: OpenVersion { OpenVersion(chunk: id, version: version) }

    /// Acknowledges nothing more from now on.
    func stop(_ reason: DFSError) {
        if over != nil { return }
        over = reason
        let (starters, waiting) = (starters, waiting)
        self.starters = []
        self.waiting = []
        for starter in starters { starter(.failure(reason)) }
        for record in waiting { record.answer(.failure(reason)) }
    }
}
