import DFSCore
import DFSServices

/// Where one upload goes from this server, and how long that may take.
struct ChainRoute: Sendable {
    /// How long the servers behind are waited for where the sender does not say how long it waits: Go clients have no
    /// deadline.
    private static let usualStallLimit = Duration.seconds(20)
    private static let usualAnswerLimit = Duration.seconds(80)

    /// The servers that the chunk shall go to, in this order.
    private(set) var targets: [ServerAddress]
    /// How this server's answer names it; `nil` where the sender does not ask who holds the chunk.
    let receiver: ServerAddress?
    /// For how long a server behind may take nothing before it is given up.
    let stallLimit: Duration
    /// For how long after the last byte the servers behind are waited for.
    let answerLimit: Duration

    /// - Parameters:
    ///   - chain: what the upload says; `nil` where it says nothing.
    ///   - targets: the ones to use then.
    init(_ chain: UploadChain?, orTargets targets: [ServerAddress]) {
        self.targets = chain?.targets ?? targets
        receiver = chain?.receiver
        // Shorter at each server: the one before a server that stands still gives it up first, and the others go on.
        stallLimit = (chain?.stallLimit).map { $0 * 2 / 3 } ?? Self.usualStallLimit
        answerLimit = (chain?.answerLimit).map { $0 * 2 / 3 } ?? Self.usualAnswerLimit
    }

    /// The same with this server as the last.
    var staying: ChainRoute {
        var route = self
        route.targets = []
        return route
    }
}

/// How far a chunk has come along its chain, this server left out.
struct ChainStanding: Sendable {
    var result = ChainResult()
    /// Who is still to be tried.
    var pending: [ServerAddress] = []

    /// Takes what the call to the first of `servers` gave, which was to reach the others; `nil` where it failed.
    mutating func add(_ answer: ChunkUploadAnswer?, of servers: [ServerAddress]) {
        guard let answer else {
            result.failed.insert(servers[0])
            pending += servers.dropFirst()
            return
        }
        result.acknowledged[servers[0]] = answer.acknowledgement
        // Only for those that it was to reach is its word taken.
        for server in servers.dropFirst() {
            if let acknowledgement = answer.chain?.acknowledged[server] {
                result.acknowledged[server] = acknowledgement
            } else if answer.chain?.failed.contains(server) == true {
                result.failed.insert(server)
            } else {
                pending.append(server)
            }
        }
    }
}

/// The calls that bring a chunk to the servers behind this one.
struct ChainPlan: Sendable {
    /// The servers of each call, the one that takes it first: a Go server alone, since it forwards nothing; a Swift server
    /// with all that it is to reach.
    var links: [[ServerAddress]] = []
    /// Servers that get the chunk when it is whole here.
    var late: [ServerAddress] = []
    /// Servers that do not answer.
    var failed: Set<ServerAddress> = []
    /// How many servers were to be reached; see ``ChainPeers``.
    let reach: Int
}
