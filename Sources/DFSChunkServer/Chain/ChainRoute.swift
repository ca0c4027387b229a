import DFSCore
import DFSServices

/// How long a sender waits that does not say so: Go clients have no deadline.
package struct ChainPatience: Sendable {
    /// While the receiver takes nothing, or less than ``floor``.
    package var stallLimit = Duration.seconds(30)
    /// For the answer behind the last byte.
    package var answerLimit = Duration.seconds(120)
    /// Bytes a second; 0 for any.
    package var floor = ClusterDefaults.slowFloor

    package init() {}
}

/// Where one upload goes from this server, and how long that may take.
struct ChainRoute: Sendable {
    /// More than any link takes; what is asked for comes from the wire.
    private static let maxFloor = 1 << 40
    /// Limits that a sender asks for count within these: with none at all a server would look again and again without pause.
    private static let limits = Duration.seconds(1)...Duration.seconds(600)

    /// The servers that the chunk shall go to, in this order.
    private(set) var targets: [ServerAddress]
    /// How this server's answer names it; `nil` where the sender does not ask who holds the chunk.
    let receiver: ServerAddress?
    /// For how long a server behind may take nothing before it is given up.
    let stallLimit: Duration
    /// Bytes a second that a server behind must take over ``stallLimit``; 0 for any.
    let floor: Int
    /// For how long after the last byte the servers behind are waited for.
    let answerLimit: Duration

    /// - Parameters:
    ///   - chain: what the upload says; `nil` where it says nothing.
    ///   - targets: the ones to use then.
    ///   - usual: what counts as the sender's patience where it does not tell its own.
    init(_ chain: UploadChain?, orTargets targets: [ServerAddress], usual: ChainPatience) {
        self.targets = chain?.targets ?? targets
        receiver = chain?.receiver
        // Shorter at each server: the one before a server that stands still gives it up first, and the others go on.
        stallLimit = (chain?.stallLimit.map(Self.bounded) ?? usual.stallLimit) * 2 / 3
        // More at each server, for the same reason: what is just enough for one link is for those before it.
        floor = min(chain?.floor ?? usual.floor, Self.maxFloor) / 4 * 5
        answerLimit = (chain?.answerLimit.map(Self.bounded) ?? usual.answerLimit) * 2 / 3
    }

    private static func bounded(_ wanted: Duration) -> Duration {
        min(max(wanted, limits.lowerBound), limits.upperBound)
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

    /// Takes what came of the call to the first of `servers`, which was to reach the others.
    mutating func add(_ outcome: ChainOutcome, of servers: [ServerAddress]) {
        guard case .answered(let answer) = outcome else {
            result.failed.insert(servers[0])
            if case .failed(bytesPerSecond: let rate?) = outcome { result.slow[servers[0]] = rate }
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
                result.slow[server] = answer.chain?.slow[server]
            } else {
                pending.append(server)
            }
        }
    }
}

/// What came of a call to a server behind.
enum ChainOutcome: Sendable {
    case answered(ChunkUploadAnswer)
    /// With what it took in a second, where that was too little.
    case failed(bytesPerSecond: Int?)
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
