import DFSCore

/// What the master shall do, in order.
///
/// One rule binds all effects: none may leave before every ``persist(_:)`` that came before it, in this step or an
/// earlier one, is durable. So nobody ever sees a state that a crash could take back.
package enum Effect: Sendable {
    /// Make this durable.
    case persist(Mutation)
    /// Answer a call.
    case answer(CallToken, Result<Answer, DFSError>)
    /// Send a message on a heartbeat stream; to a stream that is gone it is dropped.
    case heartbeatResponse(StreamToken, TaskBatch)
    /// Ask a chunk server whether it is one of ours; comes back as ``Input/described(_:_:nodeID:location:)``.
    case describe(ServerAddress)
    /// Read a whole chunk from a server, or have it read by the server where that is one of ours; comes back as ``Input/readBack(_:at:_:)``.
    case readBack(ChunkID, at: ServerAddress)
    /// Have a server of an open chunk take nothing for a lower version; comes back as ``Input/fenced(_:at:_:)``.
    case fence(OpenVersion, at: ServerAddress)
    /// Have a server seal an open chunk; comes back as ``Input/chunkSealed(_:length:at:crc32c:)``.
    case seal(OpenVersion, length: UInt64, at: ServerAddress)
    /// Tell the operator.
    case log(Notice)
}

/// What one HeartbeatResponse carries.
package struct TaskBatch: Sendable, Equatable {
    /// Chunks to send elsewhere.
    package var copies: [Copy] = []
    /// Chunks to delete.
    package var deletions: [ChunkID] = []
    /// Whether it answers a heartbeat; otherwise it comes unasked.
    package var isAnswer = false
    /// To a server that tells differences: chunks whose digests differ from the ones known.
    package var unwanted: [ChunkID] = []
    /// To such a server: what it has told does not fit what is known of it.
    package var wantsFullReport = false

    package init() {}

    /// Send `chunk` to `target`.
    package struct Copy: Sendable, Equatable {
        package let chunk: ChunkID
        package let target: ServerAddress

        package init(chunk: ChunkID, target: ServerAddress) {
            self.chunk = chunk
            self.target = target
        }
    }
}

/// The answer to a call that succeeded.
///
/// Those that are large and seldom lie in memory of their own: an answer goes through many hands, and each moves as many bytes
/// as the largest case has.
package enum Answer: Sendable {
    case registered
    /// `unwanted`: chunks whose digests differ from the ones known; `expendable`: damaged replicas that can be missed.
    case reported(unwanted: [ChunkID], expendable: [ChunkID])
    /// Where an upload is to be forwarded, in this order; none is no fault.
    case targets([ServerAddress])
    case created(FileID, chunkSize: UInt64, replication: Int)
    case allocated(ChunkID, [ServerAddress])
    case completed
    case abandoned
    case uploadState(UploadState)
    case opened(OpenedFile)
    case appending(AppendPlace)
    case leases(LeaseAnswer)
    /// In index order; each chunk with at least one complete replica, or open, with its primary.
    case fileInfo([LocatedChunk])
    /// The change was carried out.
    case done
    case status(NodeStatus)
    /// In the order of the names' bytes.
    case listed([NodeStatus], hasMore: Bool)
    /// In the order of removal.
    case trash([TrashStatus], hasMore: Bool)
    /// In the order they came.
    case servers([ServerStanding], hasMore: Bool)
    indirect case checked(CheckPage)
    indirect case repair(RepairStatus)
    indirect case summary(ClusterSummary)
    indirect case adminState(AdminStanding)
    indirect case balance(BalanceStanding)
}

/// What a put gets that may resume an upload.
package struct UploadState: Sendable, Equatable {
    /// For which the upload is kept when its connection is lost.
    package let keepSeconds: UInt32
    /// Chunks with an index below this may have been allocated.
    package let allocatedCount: Int
    /// In index order: those whose digest is settled, with the servers of ours that are known to hold them; these may be none.
    package let chunks: [LocatedChunk]
    /// Whether servers that the master has not heard of since it started may hold more.
    package let mayGrow: Bool
}

/// What a reader gets.
package struct OpenedFile: Sendable, Equatable {
    /// Bytes before the open chunk, where there is one.
    package let length: UInt64
    package let chunkSize: UInt64
    package let chunks: [LocatedChunk]
    package let attributes: FileAttributes
}

/// A chunk and where to read it.
package struct LocatedChunk: Sendable, Equatable {
    package let id: ChunkID
    /// `nil` of an open chunk.
    package let digest: Digest?
    package let version: UInt64
    /// Best first, never empty; only the primary of an open chunk.
    package let servers: [ServerAddress]
}

/// An event that people should be able to read in the log.
package enum Notice: Sendable, Equatable {
    /// The master begins to work; chunks of which no server has told, and some of them by their ids.
    case safeModeLeft(unheard: Int, of: Int, examples: [ChunkID])
    /// The master decided nothing for so long, and gives its chunk servers and writers that time on top.
    case stoodStill(Duration)
    case serverJoined(ServerAddress)
    case serverDied(ServerAddress)
    /// The node that was at one address is at another by now.
    case serverMoved(ServerAddress, to: ServerAddress)
    /// The number of chunks that no file has, as it has changed, and one of them.
    case orphans(ServerAddress, count: Int, example: ChunkID?)
    case serverKind(ServerAddress, NodeKind)
    /// The server has heartbeats and has not answered the master for long: what it lists and is not proven does not count.
    case serverMute(ServerAddress)
    /// What the server has told is not what is known of it: it is asked for all again.
    case inventoriesDiffer(ServerAddress)
    /// An operator wants something else of the server, or it has reached that; or a maintenance has ended, or begins anew.
    case adminState(ServerAddress, nodeID: String, from: AdminState, to: AdminState)
    case balanceBegan(BalanceOrder)
    case balanceEnded(reason: String, chunks: Int, bytes: UInt64)
    case sealed(FileName, chunks: Int)
    case chunkOpened(ChunkID, [ServerAddress])
    case recovering(ChunkID, reason: String)
    case chunkSealed(ChunkID, length: UInt64)
    case abandoned(FileName, reason: String)
    case removed(FileName, trash: PathPart)
    case copyOrdered(ChunkID, from: ServerAddress, to: ServerAddress)
    case copyLate(ChunkID, from: ServerAddress, to: ServerAddress)
    /// So many chunks of a lost server had too few copies, and all have enough again: how long the server was silent before it
    /// was found dead, and all of it since it was heard of last.
    case serverRestored(ServerAddress, chunks: Int, silence: Duration, total: Duration)
    /// Too many servers are lost at once, some of them by their addresses: next to nothing is copied.
    case stormBegan(lost: Int, alive: Int, examples: [ServerAddress])
    /// The copies go on; so many servers are still lost.
    case stormEnded(StormEnd, lost: Int)
    case repairLimitsSet(RepairLimits)
    case replicaLost(ChunkID, ServerAddress)
    case replicaBad(ChunkID, ServerAddress)
    /// A copy on a Go server could not be read for long: it does not count until it can.
    case replicaUnreadable(ChunkID, ServerAddress)
    /// A reader says that the server gave it wrong bytes; that is going to be looked at.
    case damageReported(ChunkID, ServerAddress)
    /// The server does not serve its replica any more; so many complete ones are left on live servers.
    case replicaDamaged(ChunkID, ServerAddress, left: Int)
    case deletionOrdered(ChunkID, ServerAddress)
    /// A chunk keeps a copy too many, since one that is to stay could not be read again and again; the master goes on trying.
    case surplusKept(ChunkID, unread: ServerAddress)
}

/// Why lost servers are not waited for any longer.
package enum StormEnd: String, Sendable, Equatable {
    case serversCameBack = "enough servers came back"
    case waitedLongEnough = "the time limit is over"
    case operatorSaidSo = "an operator said so"
}
