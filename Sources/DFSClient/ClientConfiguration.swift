import DFSCore

/// Limits and waiting times of a ``DFSClient``.
public struct ClientConfiguration: Sendable {
    /// Chunks of one transfer that move at once.
    public var chunksInFlight = 2
    /// Small files of a tree that move at once. A file of more than 4 MiB takes the place of two, one of more than 12 MiB that of
    /// four: a put of a tree holds no more of its files in memory than 4 MiB for each place, or what a put of one file does.
    public var filesInFlight = 16
    /// Bytes read from a local file, or written to one, at a time; also the size of a message to a Swift chunk server.
    /// At most 2 MiB.
    public var bufferSize = 1 << 20
    /// Buffers of one put that are held at once, all chunks together. A buffer is shared by all replicas' calls.
    public var maxBuffers = 16
    /// Threads for local file access. They mostly wait for syncs, of which a file system makes one for many files.
    public var fileThreads = 16
    /// How long the first contact with the master may take, with waiting for one that is being restarted, before it counts as
    /// away.
    public var connectLimit = Duration.seconds(8)
    /// How long a call to the master may take, with waiting for a master that is away for a moment.
    public var masterLimit = Duration.seconds(15)
    /// How often a put that is at work tells the master so, which gives an upload up 10 s after it lost its connection.
    public var renewalInterval = Duration.seconds(3)
    /// A chunk transfer that makes no progress for this long fails, and another server is tried.
    public var stallLimit = Duration.seconds(30)
    /// Bytes a second that a chunk server must take of an upload over ``stallLimit`` while this client, or the server before it,
    /// waits for it; otherwise another one takes its place, where the cluster has one that is faster. 0 for any speed.
    public var slowFloor = 1 << 20
    /// A second replica of a chunk is asked for it where the first one has not given a byte for twice as long as nine of ten
    /// downloads of this client took to theirs (a second, before enough were seen), but not before this; `nil` for never. At
    /// most once a chunk, and for about one download in ten.
    public var hedgeFloor: Duration? = .milliseconds(100)
    /// How long a chunk server may take from the last byte of a chunk to its acknowledgement.
    public var acknowledgementLimit = Duration.seconds(120)
    /// How often the replicas of one chunk are tried anew before its transfer fails.
    public var maxAttempts = 4
    /// Where a put of a stream keeps the chunks that it is sending, ``chunksInFlight`` and one more, in a file without a
    /// name.
    public var temporaryFolder = "/tmp"
    /// Whether replicas on this machine are read from their files, where their servers lend them, instead of over a
    /// connection.
    public var readsLocalFiles = true
    /// Where this client stands in the network, `/` and its parts, such as `/dc1/rack7/host3`: chunks are read from the nearest
    /// replica, and written to the nearest server first. `nil`: the master goes by the address that the client calls from.
    public var location: String?
    /// Speaks TLS to every node, and nothing else; `nil` is plaintext. The nodes must serve TLS, which Go nodes do not.
    public var tls: TLSSettings?

    /// The defaults.
    public init() {}
}

/// How a client knows its cluster's nodes, and shows who it is.
public struct TLSSettings: Sendable {
    /// PEM file of those who sign the nodes' certificates; `nil` trusts whom the operating system trusts.
    public var authorities: String?
    /// PEM file of the client's own certificate, for nodes that ask for one.
    public var certificate: String?
    /// PEM file of that certificate's key.
    public var key: String?

    /// - Parameters:
    ///   - authorities: see ``authorities``.
    ///   - certificate: see ``certificate``; comes with `key`.
    ///   - key: see ``key``.
    public init(authorities: String? = nil, certificate: String? = nil, key: String? = nil) {
        self.authorities = authorities
        self.certificate = certificate
        self.key = key
    }
}

/// What a put asks for.
public struct PutOptions: Sendable {
    /// The wanted number of replicas; `nil` means the master's default. A Go master knows only its own.
    public var replication: Int?
    /// The number of replicas of each chunk that must hold the data before the put returns; `nil` means all that the
    /// master assigned.
    public var requiredReplicas: Int?
    /// Whether a file of that name is replaced: readers see the old one until the new one is complete, then it goes to the
    /// trash. A Go master replaces nothing.
    public var replacesExisting: Bool
    /// Kept with the file; a put to a Go master that has any is refused.
    public var attributes: FileAttributes
    /// Whether a chunk is sent once, to a server that forwards it to the others while it arrives; otherwise, and where that
    /// server is a Go node or TLS is spoken, it is sent to each of its servers from here.
    public var forwardsChunks: Bool
    /// Where the receipt of each file is appended; it is durable when the put of the file returns. A put that cannot write it
    /// fails, and the file is stored all the same.
    public var receipts: ReceiptLog?
    /// Not `nil`: what an earlier put with this option has stored of the file before it was interrupted is not sent again; and
    /// so long, or as long as the master allows, is kept what this one stores if it is interrupted. At least a second; only
    /// for files that can be read again, and under a Swift master.
    public var resumeKeep: Duration?

    /// The defaults.
    public init(
        replication: Int? = nil, requiredReplicas: Int? = nil, replacesExisting: Bool = false,
        attributes: FileAttributes = FileAttributes(), forwardsChunks: Bool = true, receipts: ReceiptLog? = nil,
        resumeKeep: Duration? = nil
    ) {
        self.replication = replication
        self.requiredReplicas = requiredReplicas
        self.replacesExisting = replacesExisting
        self.attributes = attributes
        self.forwardsChunks = forwardsChunks
        self.receipts = receipts
        self.resumeKeep = resumeKeep
    }
}

/// What a get asks for.
public struct GetOptions: Sendable {
    /// Whether the get of a file goes on with what an earlier such get of it has left in the folder, and leaves what it has itself
    /// when it fails or is killed: a file whose name begins with `.dfs-get-` and ends in `.partial`. Chunks that match the
    /// checksums that the master tells are not fetched again; what is left of a file that was replaced in the cluster is
    /// removed. A get of a tree leaves nothing, and goes on with nothing.
    public var resumes: Bool
    /// Whether a file's content and name are synced when the get returns. Otherwise, as after cp(1), the operating system writes
    /// them to disk in its own time, and a power loss until then may leave a shorter file under the name, or none; only what
    /// replaces a file that was there has its content synced before.
    public var isDurable: Bool

    /// The defaults.
    public init(resumes: Bool = false, isDurable: Bool = true) {
        self.resumes = resumes
        self.isDurable = isDurable
    }
}

/// What the owner of a file has noted on it: texts by name.
public typealias FileAttributes = DFSCore.FileAttributes

/// The one error of the SDK: a stable code, a message that names the thing and the remedy, and advice.
public typealias DFSError = DFSCore.DFSError
