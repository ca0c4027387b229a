import DFSCore

/// Everything that happens to a master.
package enum Input: Sendable {
    /// Time has passed; given about once a second.
    case tick
    /// There is time for the backlog.
    case goOn

    // Chunk servers.
    /// RegisterChunkServer: answered by ``Answer/registered``.
    case register(ServerReport, CallToken)
    /// One message of a heartbeat stream: answered by one ``Effect/heartbeatResponse(_:_:)`` of that stream.
    case heartbeat(ServerReport, StreamToken)
    /// One message of an inventory stream, likewise.
    case inventory(InventoryReport, StreamToken)
    /// A heartbeat stream ended, however it did.
    case heartbeatStreamEnded(ServerAddress, StreamToken)
    /// A chunk server ended its heartbeat stream in order: it is stopping, and makes no copy that it had not begun.
    case serverLeft(ServerAddress, StreamToken)
    /// What ``Effect/describe(_:)`` found; ``NodeKind/unknown`` where the server could not be asked.
    case described(ServerAddress, NodeKind, nodeID: String, location: NetworkLocation?)
    /// ChunkReports.Report: answered by ``Answer/reported(unwanted:expendable:)``.
    case report(ReplicaReport, CallToken)
    /// ChunkReports.UploadTargets, by the server of that address: answered by ``Answer/targets(_:)``.
    case targets(ChunkID, asker: ServerAddress, CallToken)
    /// What ``Effect/readBack(_:at:)`` found.
    case readBack(ChunkID, at: ServerAddress, Finding)

    /// Namespace.ReportDamage: a reader was given wrong bytes of the chunk by that server. Answered by ``Answer/done``.
    case damage(ChunkID, at: ServerAddress, CallToken)

    // Clients.
    /// Namespace.Create: answered by ``Answer/created(_:chunkSize:replication:)``.
    case create(CreationRequest, CallToken)
    /// MasterService.AllocateChunk: answered by ``Answer/allocated(_:_:)``.
    case allocate(AllocationRequest, CallToken)
    /// Namespace.Complete: answered by ``Answer/completed``.
    case complete(CompletionRequest, CallToken)
    /// Namespace.Abandon: answered by ``Answer/abandoned``.
    case abandon(FileID, CallToken)
    /// Namespace.Abandon by a writer that only lets go of its upload: answered by ``Answer/abandoned``.
    case leave(FileID, ConnectionToken, CallToken)
    /// Namespace.UploadState: answered by ``Answer/uploadState(_:)``.
    case uploadState(FileID, CallToken)
    /// Namespace.UploadState by a writer that is at work: answered by ``Answer/done``. Changes nothing that is durable.
    case renewUpload(FileID, ConnectionToken, CallToken)
    /// Namespace.Open, by a reader who may say where it is: answered by ``Answer/opened(_:)``.
    case open(FileName, near: NetworkLocation?, ConnectionToken, CallToken)
    /// MasterService.GetFileInfo: answered by ``Answer/fileInfo(_:)``.
    case fileInfo(FileName, ConnectionToken, CallToken)

    // Appending (docs/decisions/0025).
    /// Append.Open: answered by ``Answer/appending(_:)``.
    case openAppend(AppendRequest, CallToken)
    /// Append.Close, by the writer of that id: answered by ``Answer/done``.
    case closeAppend(FileName, writer: String, CallToken)
    /// Leases.Renew: answered by ``Answer/leases(_:)``.
    case renewLeases(LeaseRequest, CallToken)
    /// What ``Effect/fence(_:at:)`` found; `nil` where the server could not be asked.
    case fenced(OpenVersion, at: ServerAddress, FenceAnswer?)
    /// What ``Effect/seal(_:length:at:)`` brought: the checksum of those bytes; `nil` where it failed.
    case chunkSealed(OpenVersion, length: UInt64, at: ServerAddress, crc32c: UInt32?)

    // The namespace. `nil` paths are the root; changes are answered by ``Answer/done``.
    /// Namespace.Stat: answered by ``Answer/status(_:)``.
    case lookUp(FileName?, CallToken)
    /// Namespace.List: answered by ``Answer/listed(_:hasMore:)``; a limit of 0 is the master's own.
    case list(FileName?, after: PathPart?, limit: Int, CallToken)
    /// Namespace.MakeFolder.
    case makeFolder(FileName, CallToken)
    /// Namespace.Rename.
    case rename(RenameRequest, CallToken)
    /// Namespace.Remove.
    case remove(RemovalRequest, CallToken)
    /// Namespace.SetReplication.
    case setReplication(FileName, Int, CallToken)
    /// Namespace.SetAttributes.
    case setAttributes(AttributesRequest, CallToken)
    /// Trash.List: answered by ``Answer/trash(_:hasMore:)``.
    case listTrash(after: PathPart?, limit: Int, CallToken)
    /// Trash.Restore, to where it was or to another path; the last text is the request's id.
    case restore(PathPart, to: FileName?, request: String, CallToken)
    /// Trash.Empty: one removal, or all; the text is the request's id.
    case emptyTrash(PathPart?, request: String, CallToken)

    // For operators.
    /// Admin.SetServerState: answered by ``Answer/adminState(_:)``.
    case setAdminState(AdminRequest, CallToken)
    /// Admin.SetBalance; `nil` stops it. Answered by ``Answer/balance(_:)``.
    case setBalance(BalanceOrder?, CallToken)
    // These change nothing.
    /// Admin.GetServerState: answered by ``Answer/adminState(_:)``.
    case adminState(ServerAddress, CallToken)
    /// Cluster.ListServers, behind so many servers: answered by ``Answer/servers(_:hasMore:)``.
    case listServers(from: Int, limit: Int, CallToken)
    /// Numbers for who watches: answered by ``Answer/summary(_:)``.
    case summary(CallToken)
    /// Repair.GetRepair: answered by ``Answer/repair(_:)``.
    case repairStatus(CallToken)
    /// Repair.SetRepairLimits: answered by ``Answer/repair(_:)``.
    case changeRepair(RepairChange, CallToken)
    /// Cluster.CheckFiles: answered by ``Answer/checked(_:)``.
    case checkFiles(CheckRequest, CallToken)

    /// A connection ended; no input names it afterwards except calls that were already on their way.
    case connectionClosed(ConnectionToken)
}

/// What a chunk server says in RegisterChunkServer and in each heartbeat.
package struct ServerReport: Sendable {
    package let address: ServerAddress
    package let connection: ConnectionToken
    package let freeBytes: UInt64
    /// All chunks in its folder, in any order, duplicates possible.
    package let chunks: [ChunkID]

    package init(address: ServerAddress, connection: ConnectionToken, freeBytes: UInt64, chunks: [ChunkID]) {
        self.address = address
        self.connection = connection
        self.freeBytes = freeBytes
        self.chunks = chunks
    }
}

/// What one of our chunk servers tells beside its heartbeats: replicas that are complete.
package struct ReplicaReport: Sendable {
    package let address: ServerAddress
    package let nodeID: String
    package let connection: ConnectionToken
    package let replicas: [(ChunkID, Digest)]
    /// Those of them whose bytes the server did not write: their digests are what reading the files has found.
    package let adopted: Set<ChunkID>
    /// Go servers that have taken the one chunk of this report from the server, all of it.
    package let syncedOn: [ServerAddress]
    /// Replicas that it has just found damaged, and does not serve any more.
    package let damaged: [ChunkID]
    /// Damaged replicas that it would erase.
    package let keptDamaged: [ChunkID]

    package init(
        address: ServerAddress, nodeID: String, connection: ConnectionToken, replicas: [(ChunkID, Digest)],
        adopted: Set<ChunkID> = [], syncedOn: [ServerAddress] = [], damaged: [ChunkID] = [], keptDamaged: [ChunkID] = []
    ) {
        self.address = address
        self.nodeID = nodeID
        self.connection = connection
        self.replicas = replicas
        self.adopted = adopted
        self.syncedOn = syncedOn
        self.damaged = damaged
        self.keptDamaged = keptDamaged
    }
}

/// What reading a replica back found: a Go server's by the master, one of ours by the server itself.
package enum Finding: Sendable, Equatable {
    /// The server streamed the chunk to the end without an error.
    case read(Digest)
    /// The server answered that it cannot serve it; one of ours that finds its replica damaged does so, too, and reports
    /// it.
    case absent
    /// The server could not be reached, or the stream broke.
    case unreachable
}

/// A client's wish for the servers of one chunk.
package struct AllocationRequest: Sendable {
    package let name: FileName
    package let index: Int
    /// The upload that the call names; `nil` for Go clients.
    package let upload: FileID?
    /// Servers that the writer could not use.
    package let excluded: [ServerAddress]
    /// Where the writer is, if it says.
    package let location: NetworkLocation?
    package let connection: ConnectionToken

    package init(
        name: FileName, index: Int, upload: FileID?, excluded: [ServerAddress], location: NetworkLocation? = nil,
        connection: ConnectionToken
    ) {
        self.name = name
        self.index = index
        self.upload = upload
        self.excluded = excluded
        self.location = location
        self.connection = connection
    }
}

/// A writer's word that its file is whole.
package struct CompletionRequest: Sendable {
    package let upload: FileID
    package let connection: ConnectionToken
    /// In index order, all of the file.
    package let chunks: [WrittenChunk]

    package init(upload: FileID, connection: ConnectionToken, chunks: [WrittenChunk]) {
        self.upload = upload
        self.connection = connection
        self.chunks = chunks
    }
}

/// One chunk as its writer saw it.
package struct WrittenChunk: Sendable {
    package let id: ChunkID
    package let digest: Digest
    /// The servers that acknowledged it.
    package let servers: [ServerAddress]

    package init(id: ChunkID, digest: Digest, servers: [ServerAddress]) {
        self.id = id
        self.digest = digest
        self.servers = servers
    }
}

/// A client's wish to begin a file.
package struct CreationRequest: Sendable {
    package let name: FileName
    /// Copies of each chunk; `nil` is the master's default.
    package let replication: Int?
    /// Whether the file may replace one that has the name.
    package let replaces: Bool
    /// Drawn by the client, so that asking twice begins one upload; may be empty.
    package let id: String
    package let attributes: FileAttributes
    /// Not 0: goes on with an upload that is kept, and otherwise begins one that is kept for so long.
    package let keepSeconds: UInt32
    package let connection: ConnectionToken

    package init(
        name: FileName, replication: Int? = nil, replaces: Bool = false, id: String = "",
        attributes: FileAttributes = FileAttributes(), keepSeconds: UInt32 = 0, connection: ConnectionToken
    ) {
        self.name = name
        self.replication = replication
        self.replaces = replaces
        self.id = id
        self.attributes = attributes
        self.keepSeconds = keepSeconds
        self.connection = connection
    }
}

/// A client's wish to give a file or folder another path.
package struct RenameRequest: Sendable {
    package let source: FileName
    package let target: FileName
    /// Whether a file at the target goes to the trash; otherwise it is in the way.
    package let replaces: Bool
    /// Drawn by the client; may be empty.
    package let id: String

    package init(source: FileName, target: FileName, replaces: Bool = false, id: String = "") {
        self.source = source
        self.target = target
        self.replaces = replaces
        self.id = id
    }
}

/// A client's wish to remove a file or folder.
package struct RemovalRequest: Sendable {
    package let path: FileName
    /// Whether a folder goes with all that is in it; otherwise it must be empty.
    package let isRecursive: Bool
    /// Drawn by the client; may be empty.
    package let id: String

    package init(path: FileName, isRecursive: Bool = false, id: String = "") {
        self.path = path
        self.isRecursive = isRecursive
        self.id = id
    }
}

/// A client's wish to change the attributes of a complete file.
package struct AttributesRequest: Sendable {
    package let path: FileName
    /// Added, or in the place of those that there are.
    package let added: FileAttributes
    /// Names of others, which need not be there.
    package let removed: [String]
    /// Drawn by the client; may be empty.
    package let id: String

    package init(path: FileName, added: FileAttributes, removed: [String], id: String = "") {
        self.path = path
        self.added = added
        self.removed = removed
        self.id = id
    }
}
