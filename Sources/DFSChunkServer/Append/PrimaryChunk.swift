import DFSChunkStore
import DFSCore
import DFSServices
import DFSWire
import Logging
import Synchronization

/// An open chunk that this server is the primary of: orders the records of all clients, brings them to all servers of the chunk
/// in batches, and acknowledges what all have synced, while its lease holds.
///
/// Its moves: *starting* (no lease yet), *taking*, *closing* (full, or the server stops: what is under way is finished), *over*.
/// Nothing is acknowledged once it is over. A failure, of the disk here, of another server, or of the lease, ends it at once.
final class PrimaryChunk: Sendable {
    struct State {
        /// `nil` while starting.
        var sequence: RecordSequence?
        /// Why no new record is taken.
        var closing: DFSError?
        /// Why nothing more is acknowledged.
        var over: DFSError?
        var starters: [CheckedContinuation<Void, Never>] = []
        var callers: [ObjectIdentifier: AppendCaller] = [:]
        /// For readers.
        var file: UnsealedChunk?
    }

    /// What runs behind the records.
    struct Resources: Sendable {
        let store: ChunkStore
        let threads: DiskThreads
        let leases: LeaseKeeper
        let peers: PeerPool
        let settings: AppendSettings
        /// Shared by all chunks.
        let budget: WriteBudget
        let logger: Logger
    }

    let id: ChunkID
    let version: UInt64
    let resources: Resources
    let chunkBudget: WriteBudget
    let state = Mutex(State())
    /// Heard by the loop that makes batches.
    let bell = Bell()

    init(id: ChunkID, version: UInt64, resources: Resources) {
        self.id = id
        self.version = version
        self.resources = resources
        chunkBudget = WriteBudget(byteCount: resources.settings.chunkBudget)
    }

    /// Waits until records are taken.
    ///
    /// - Throws: why they are not.
    func started() async throws(DFSError) {
        await withCheckedContinuation { continuation in
            let isSettled = state.withLock { state in
                if state.sequence != nil || state.over != nil { return true }
                state.starters.append(continuation)
                return false
            }
            if isSettled { continuation.resume() }
        }
        if let over = state.withLock({ $0.over }) { throw over }
    }

    // MARK: For calls

    /// The call hears from now on of what becomes of records.
    func enter(_ caller: AppendCaller) { state.withLock { $0.callers[ObjectIdentifier(caller)] = caller } }

    func leave(_ caller: AppendCaller) { state.withLock { $0.callers[ObjectIdentifier(caller)] = nil } }

    /// Gives a record its place, after waiting for room.
    ///
    /// - Throws: code ``DFSError/Code/outOfRange`` where it does not fit: the chunk is given up, and the next one is to be
    ///   asked for; ``DFSError/Code/unavailable`` where the chunk takes nothing more for another reason.
    func submit(_ record: AppendRecord) async throws(DFSError) -> RecordPlace {
        // One that fits no chunk would be told to try the next one for ever.
        let limit = state.withLock { ($0.sequence?.chunkSize ?? 0) / 4 }
        guard Int64(record.byteCount) <= limit else {
            throw DFSError(
                .invalidArgument, "a record has \(record.byteCount) bytes; a quarter of a chunk, \(limit), is the most")
        }
        await chunkBudget.acquire(record.byteCount)
        await resources.budget.acquire(record.byteCount)
        let admission = state.withLock { state -> Result<RecordSequence.Admission, DFSError> in
            if let reason = state.over ?? state.closing, state.sequence?.isFull != true { return .failure(reason) }
            guard let admission = state.sequence?.admit(record) else { return .failure(over(.internal, "not started")) }
            if admission == .full { state.closing = state.closing ?? full }
            return .success(admission)
        }
        if case .success(.placed(let place, isNew: true)) = admission {
            bell.ring()
            return place
        }
        release(record.byteCount)
        bell.ring()
        switch try admission.get() {
        case .placed(let place, _): return place
        case .full: throw full
        case .conflicting:
            throw DFSError(.invalidArgument, "a record of chunk \(id) has the id of another one; draw a new id")
        }
    }

    /// Whether the record at `place` may be acknowledged.
    ///
    /// - Throws: why it never is.
    func isCommitted(_ place: RecordPlace) throws(DFSError) -> Bool {
        let (committed, over) = state.withLock { ($0.sequence?.committed ?? 0, $0.over) }
        // What was committed was so under the lease, and stays true.
        if committed >= place.end { return true }
        if let over { throw over }
        return false
    }

    /// Why nothing more is acknowledged, once that is so.
    var end: DFSError? { state.withLock { $0.over } }

    /// What may be read now: bytes that all servers have, while the lease holds.
    ///
    /// - Throws: code ``DFSError/Code/unavailable`` otherwise.
    func readable() throws(DFSError) -> (file: UnsealedChunk, length: Int64) {
        let (file, committed, over) = state.withLock { ($0.file, $0.sequence?.committed ?? 0, $0.over) }
        guard let file, over == nil, resources.leases.isValid(id, version: version) else {
            throw DFSError(
                .unavailable, "chunk \(id) is open, and this server is not its primary now; ask the master",
                advice: .refreshLocations)
        }
        return (file, committed)
    }

    // MARK: For the server

    /// Takes no new record; what is under way is finished and acknowledged.
    func close(_ reason: DFSError) {
        state.withLock { $0.closing = $0.closing ?? reason }
        bell.ring()
    }

    /// Acknowledges nothing more from now on.
    func stop(_ reason: DFSError) {
        let (callers, starters) = state.withLock { state in
            if state.over != nil { return ([AppendCaller](), [CheckedContinuation<Void, Never>]()) }
            state.over = reason
            defer { state.starters = [] }
            return (Array(state.callers.values), state.starters)
        }
        for starter in starters { starter.resume() }
        for caller in callers { caller.notify() }
        bell.ring()
    }

    /// Makes the batch's records acknowledged, unless it is over.
    func commit(_ batch: RecordBatch) {
        let isHeld = resources.leases.isValid(id, version: version)
        let callers = state.withLock { state -> [AppendCaller]? in
            guard isHeld, state.over == nil else { return nil }
            state.sequence?.commit(batch)
            return Array(state.callers.values)
        }
        guard let callers else { return stop(over(.unavailable, "this server's lease has run out")) }
        for caller in callers { caller.notify() }
    }

    func release(_ byteCount: Int) {
        resources.budget.release(byteCount)
        chunkBudget.release(byteCount)
    }

    private var full: DFSError {
        DFSError(.outOfRange, "chunk \(id) is full; ask the master for the next one", advice: .refreshLocations)
    }

    func over(_ code: DFSError.Code, _ why: String) -> DFSError {
        DFSError(code, "chunk \(id) takes no more records: \(why); ask the master", advice: .refreshLocations)
    }
}
