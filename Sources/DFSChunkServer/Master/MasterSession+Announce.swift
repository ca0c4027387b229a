import DFSChunkStore
import DFSCore
import Logging

// An upload's chunk is made known to a Swift master before it is acknowledged.
extension MasterSession {
    /// Between two attempts to tell the master.
    private static let retryPause = Duration.milliseconds(100)

    /// What became of telling the master.
    private enum Announcement {
        /// It knows the chunk, or need not know it yet.
        case known
        /// It does not want the chunk.
        case unwanted
        /// It cannot be told now.
        case unheard
    }

    /// Tells of a chunk that has just become durable, and returns when a Swift master has taken note.
    ///
    /// A Go client's file is nothing but what its servers report, so its upload must not be acknowledged without the
    /// master's answer: the file would be given up when the client is done. Under a Go master, or before this process
    /// has met its master, there is nobody to tell; the first list of the next session has the chunk.
    ///
    /// - Parameters:
    ///   - syncedOn: Go servers that have taken all of the chunk from here.
    ///   - isVouchedFor: the master does not depend on this report: a client of ours tells it of the chunk when
    ///     it completes its file, and a copy that it ordered it looks for itself. Then the upload waits for the answer
    ///     all the same, but succeeds without it.
    ///   - unwantedGround: how a chunk goes to quarantine that the master does not want.
    /// - Throws: code ``DFSError/Code/dataLoss`` when the master knows other bytes for the chunk, which is in
    ///   quarantine then; ``DFSError/Code/unavailable`` when it has not answered within ``reportLimit`` and nobody
    ///   vouches: the chunk stays, and the master is told later.
    func announce(
        _ id: ChunkID, _ digest: ContentDigest, syncedOn: [ServerAddress] = [], isVouchedFor: Bool,
        unwantedGround: DeletionGround = .doubtful
    ) async throws(DFSError) {
        tasks.noteUpload(id)
        changes.session.ring()
        let end = clock.now + reportLimit
        while true {
            switch await tell(id, digest, syncedOn, until: end) {
            case .known: return
            case .unwanted:
                logger.error(
                    "the master knows other bytes for a chunk: this copy goes to quarantine",
                    metadata: ["chunk": "\(id)"])
                await quarantineUnwanted(id, unwantedGround)
                throw DFSError(.dataLoss, "the master knows other bytes for chunk \(id); this copy is in quarantine")
            case .unheard where isVouchedFor: return
            case .unheard where clock.now + Self.retryPause >= end:
                throw DFSError(
                    .unavailable,
                    "chunk \(id) is stored here, but \(peer.name) has not taken note of it; try another server")
            case .unheard:
                do {
                    try await Task.sleep(for: Self.retryPause)
                } catch {
                    throw DFSError(.cancelled, "the upload of chunk \(id) was cancelled")
                }
            }
        }
    }

    private func tell(
        _ id: ChunkID, _ digest: ContentDigest, _ syncedOn: [ServerAddress], until end: MonotonicInstant
    ) async -> Announcement {
        // It has answered before the first list of a session is made: a chunk that became durable before it had is in that list.
        guard let kind = state.withLock({ $0.kind }) else { return peer.lastKind?.isSwift == true ? .unheard : .known }
        guard kind.isSwift else { return .known }
        do {
            return try await report([(id, digest)], syncedOn: syncedOn, limit: end - clock.now).contains(id)
                ? .unwanted : .known
        } catch {
            logger.warning("chunk not reported yet", metadata: ["chunk": "\(id)", "error": "\(error)"])
            _ = state.withLock { $0.unconfirmed.insert(id) }
            return .unheard
        }
    }
}
