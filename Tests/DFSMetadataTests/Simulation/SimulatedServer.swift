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
    /// The content of each chunk file, whole or torn.
    var chunks: [ChunkID: Digest] = [:]
    /// What it has of chunks that are appended to.
    var open: [ChunkID: SimulatedOpenChunk] = [:]
    /// A chunk of another cluster, which must survive everything.
    let stranger: ChunkID

    var connection: ConnectionToken { MasterHarness.connection(of: address, life: life) }
    var stream: StreamToken { MasterHarness.stream(of: address, life: life) }

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
    /// A Swift client's upload id.
    var id: FileID?
    var written: [WrittenChunk] = []
    var isOver = false
}
