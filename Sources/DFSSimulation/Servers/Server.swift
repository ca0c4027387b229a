import DFSCore
import DFSMetadata

/// A chunk server of either kind, as others see it.
protocol Server: AnyObject {
    var number: Int { get }
    var kind: NodeKind { get }
    var nodeID: String { get }
    var location: NetworkLocation? { get }

    /// The process begins; later again where the disk does not let it.
    func start()
    /// The process ends at once. With `powerLost` the disk forgets what it may.
    func crash(powerLost: Bool)
    /// The process ends in order.
    func stop()
    /// Something goes wrong with the disk.
    func fail(_ fault: Fault)
    /// The disk is well again.
    func mendDisk()

    /// Takes a chunk that somebody sends.
    func take(_ upload: Upload, _ answer: @escaping (Result<Set<Int>, DFSError>) -> Void)
    /// Gives a chunk to a reader: its bytes, and whether they match what the server knows them by.
    func read(_ chunk: ChunkID) -> Result<[UInt8], DFSError>
    /// Tells what the master finds when it has a copy read.
    func find(_ chunk: ChunkID, _ then: @escaping (Finding) -> Void)
    func fence(_ chunk: OpenVersion) -> Result<FenceAnswer, DFSError>
    func seal(_ chunk: OpenVersion, length: UInt64) -> Result<UInt32, DFSError>

    // For checks, which see through everything.

    /// The chunk's bytes on the disk, as a reader would find them after a start; `nil` where there is no whole chunk.
    func copy(of chunk: ChunkID) -> [UInt8]?
    /// All chunks on the disk, open ones, too; sorted.
    var chunks: [ChunkID] { get }
    /// Whether an order to delete the chunk has come and was not carried out yet.
    func hasOrderToDelete(_ chunk: ChunkID) -> Bool
    /// Flips a bit of the copy.
    func flipBit(of chunk: ChunkID, _ dice: Dice)
    /// Makes the copy one that cannot be read any more.
    func spoil(_ chunk: ChunkID)
    /// Whether the copy is on the disk itself.
    func keepsThroughPowerLoss(_ chunk: ChunkID) -> Bool
}

extension Server {
    var party: Party { .server(number) }
    var address: ServerAddress { Self.address(of: number) }

    static func address(of number: Int) -> ServerAddress { ServerAddress(host: "", port: UInt16(9000 + number)) }
}

/// A chunk on its way to a server.
struct Upload {
    let chunk: ChunkID
    let content: [UInt8]
    let sender: Party
    /// The sender's life when it began.
    let life: Int
    /// Whether the sender says length and checksum; a Go client does not.
    let isAnnounced: Bool
    /// Servers that the chunk is to be forwarded to, in order.
    let chain: [Int]
    /// Whether the sender has sent all of it in order.
    let feed: Feed
}

/// The end of what a sender has of a chunk, which may be on its way to the sender itself.
final class Feed {
    private(set) var hasEndedWell: Bool?
    private var waiting: [(Bool) -> Void] = []

    /// One whose sender has all the bytes.
    static var whole: Feed {
        let feed = Feed()
        feed.end(well: true)
        return feed
    }

    func end(well: Bool) {
        if hasEndedWell != nil { return }
        hasEndedWell = well
        for body in waiting { body(well) }
        waiting = []
    }

    func whenOver(_ body: @escaping (Bool) -> Void) {
        if let hasEndedWell { body(hasEndedWell) } else { waiting.append(body) }
    }
}
