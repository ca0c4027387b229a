import DFSCore

@testable import DFSMetadata

/// A chunk server of the simulated cluster: what is really on its disk.
struct SimulatedServer {
    let address: ServerAddress
    let kind: NodeKind
    var isUp = true
    /// Counts its starts: each has a new connection and a new stream.
    var life: UInt64 = 0
    /// Whether it has met a master in this life.
    var hasMetMaster = false
    /// Whether it tells differences, as a Swift server does whose version is not an old one.
    var tellsDifferences = false
    /// What it takes the master to know, and whether it is to tell all again.
    var session: ToldInventory?
    var mustTellAll = false
    /// The content of each chunk file, whole or torn.
    var chunks: [ChunkID: Digest] = [:]
    /// What it has of chunks that are appended to.
    var open: [ChunkID: SimulatedOpenChunk] = [:]
    /// Chunks of one of ours whose bytes are not what it takes them for. What a Go server holds is what is in ``chunks``.
    var rotten: Set<ChunkID> = []
    /// A chunk of another cluster, which must survive everything.
    let stranger: ChunkID

    /// Whether it has all bytes of the chunk as they were written.
    func holds(_ chunk: ChunkID, _ content: Digest) -> Bool { chunks[chunk] == content && !rotten.contains(chunk) }

    mutating func remove(_ chunk: ChunkID) {
        chunks[chunk] = nil
        rotten.remove(chunk)
    }

    var connection: ConnectionToken { MasterHarness.connection(of: address, life: life) }
    var stream: StreamToken { MasterHarness.stream(of: address, life: life) }

    /// What it tells of: the stranger's digest it does not know.
    var inventory: [ChunkID: Digest?] {
        var inventory = chunks.mapValues { Optional($0) }
        inventory[stranger] = .some(nil)
        return inventory
    }

    /// In a fixed order; a Swift server lists only what is whole.
    var list: [ChunkID] { (Array(chunks.keys) + [stranger]).sorted() }
}

/// An upload as its client sees it.
struct SimulatedUpload {
    let name: FileName
    let writer: Writer
    let connection: UInt64
    /// What the client writes, chunk by chunk.
    let contents: [Digest]
    /// How many clients go on with the upload, one after the other, where this one ends too soon.
    var retries = 0
    /// A Swift client's upload id.
    var id: FileID?
    /// What was stored when it went on with the upload.
    var known: [LocatedChunk] = []
    var written: [WrittenChunk] = []
    var isOver = false
}
