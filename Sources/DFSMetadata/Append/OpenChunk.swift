import DFSCore

/// The last chunk of a complete file, as long as it takes records (docs/decisions/0025). It is in none of the tables of
/// chunks: what counts, copies, verifies and deletes replicas sees it when it is sealed.
///
/// States and moves: `vacant` -> `open` when a writer asks for it; `open` -> `recovering` at the first trouble; `recovering`
/// -> sealed, and no open chunk any more; or `recovering` -> `vacant`, where no server holds a byte of it.
struct OpenChunk: Sendable {
    enum Phase: Sendable {
        /// The first of ``servers`` orders the records, as long as it has its lease.
        case open(leaseEnd: MonotonicInstant)
        /// The version was raised; the servers are being fenced, and then seal it.
        case recovering(ChunkRecovery)
        /// Fenced everywhere, and nothing in it: the next version goes to any servers, under the same id.
        case vacant
    }

    let id: ChunkID
    let index: Int
    /// Raised, durably, before a server is told.
    var version: UInt64
    /// The primary first.
    var servers: [ServerAddress]
    /// Those of earlier versions: they keep the fence until they are told that the chunk is sealed. Durable, as ``servers`` are.
    var former: Set<ServerAddress> = []
    var phase: Phase
    /// Whether a primary ever had a lease for this version, as far as is known: otherwise nothing can be in it.
    var wasGranted: Bool
    /// Whether it was read from the store, and no primary has asked for this version since. A version that was raised for a
    /// recovery looks the same there: orders to seal under it may still be on their way, so nobody is told to append under it.
    var isUnconfirmed = false
    /// What servers have reported of it as sealed, before the answer to that has come.
    var reports: [ServerAddress: Digest] = [:]

    /// Whether it was open when a backup was made that the store was restored from: it may have been sealed since, and have been
    /// moved to other servers.
    var isOfBackup: Bool { version >= ChunkRecord.versionsOfOneLife }

    var isOpen: Bool { if case .open = phase { true } else { false } }
}

/// One attempt after the other to bring an open chunk to its end.
struct ChunkRecovery: Sendable {
    /// Servers that have not answered yet, to the fence or to the order to seal.
    var waiting: Set<ServerAddress>
    var answers: [ServerAddress: FenceAnswer] = [:]
    /// Bytes that stay; `nil` while servers are being fenced.
    var length: UInt64?
    /// After so many orders to seal that came to nothing a server's beginning counts only where there is no other.
    static let maxFailedSeals = 3

    /// How often servers were ordered to seal it in vain, in the attempts before this one, too.
    var failedSeals: [ServerAddress: Int] = [:]
    /// Attempts so far.
    var rounds = 1
    /// When the next attempt begins; `nil` while one is under way.
    var retryAt: MonotonicInstant?
}

/// What a server that took a fence has of the chunk.
package struct FenceAnswer: Sendable, Equatable {
    package let hasChunk: Bool
    /// Durable bytes, whole records.
    package let length: UInt64
    /// It is sealed there already, with that length.
    package let isSealed: Bool

    package init(hasChunk: Bool, length: UInt64 = 0, isSealed: Bool = false) {
        self.hasChunk = hasChunk
        self.length = length
        self.isSealed = isSealed
    }
}

/// Who may append to a file, and where. Nothing of it but the chunk's version and its servers, former ones too, is durable.
struct AppendedFile: Sendable {
    /// A writer's word that it is at work.
    struct Claim: Sendable {
        var renewedAt: MonotonicInstant
        var isExclusive: Bool
    }

    /// By the ids that the writers drew.
    var claims: [String: Claim] = [:]
    var chunk: OpenChunk?
    /// Servers that failed the last chunk: the next one goes elsewhere, where there is an elsewhere.
    var failed: Set<ServerAddress> = []
}
