import DFSChunkStore
import DFSCore
import DFSFiles
import DFSServices

/// All that a chunk server can be told.
package struct ChunkServerSettings: Sendable {
    /// Where to listen; port 0 lets the system choose.
    package var listen = ServerAddress(host: "", port: 9001)
    /// Serves TLS too; its port is for the host that the master and its clients dial.
    package var tls: NodeTLSSettings?
    /// Where the master is dialled.
    package var master = ServerAddress(host: "", port: 8000)
    /// The folder of chunks, made where missing.
    package var folder = "./data"
    /// What the master and its clients dial; `nil` is where the server listens, as it was written.
    package var advertise: ServerAddress?
    /// Where it stands in the network; `nil`: known by its host only.
    package var location: NetworkLocation?
    /// Where it shows how it is by HTTP; `nil`: nowhere.
    package var httpListen: ServerAddress?
    /// Between heartbeats when nothing changes.
    package var heartbeatInterval = ClusterDefaults.heartbeatInterval
    /// How long an upload waits for the master to take note of its chunk.
    package var reportLimit = Duration.seconds(5)
    /// Quarantine and reservations.
    package var store = ChunkStore.Settings()
    /// Copies at once, and pauses between equal ones.
    package var replication = ReplicationTasks.Limits()
    /// How long after an upload a Go master's wish for a copy of the chunk is left to its repetition; longer than a Go
    /// node's heartbeat interval, after which a target that has the chunk has listed it.
    package var goSettlingTime = Duration.seconds(8)
    /// Which bursts of deletions are held.
    package var deletionBreaker = DeletionBreaker.Limits()
    /// How all chunks are read in the background.
    package var scrub = ScrubSettings()
    /// Bytes of all uploads together that may wait for the disk.
    package var writeBudget = 24 << 20
    /// Uploads that are passed on to other servers at once; more stay here alone.
    package var maxForwardedUploads = 64
    /// Downloads at once; more are refused, and their readers go to other replicas.
    package var maxDownloads = 1000
    /// Whether readers on this machine get chunks' files, to read them by themselves.
    package var lendsFiles = true
    /// A transfer whose client gives or takes nothing for this long is ended.
    package var stallLimit = Duration.seconds(60)
    /// What counts as the patience of clients that do not tell it, with the servers behind this one.
    package var chainPatience = ChainPatience()
    /// How chunks are appended to.
    package var append = AppendSettings()
    /// How long calls and copies under way have to finish when the server stops.
    package var drainLimit = ClusterDefaults.drainLimit
    /// Threads for sockets.
    package var eventLoopCount = 2
    /// Threads for the disk. They mostly wait for syncs, of which a file system makes one for many chunks.
    package var diskThreadCount = 16
    /// Threads for what is appended, fenced and sealed, beside those.
    package var appendThreadCount = 4
    /// How long heartbeats wait for the disk.
    var diskWatch = DiskWatch.Limits()
    /// The real files, but in tests.
    package var files: any FileSystem = PosixFileSystem()

    package init() {}
}
