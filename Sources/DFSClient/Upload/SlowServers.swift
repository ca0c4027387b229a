import DFSCore

/// What one put knows of slow servers, and whether it still wants faster ones. A decision without I/O.
///
/// A server is called slow by who feeds it: this client, or the server before it in a chain. The fault may be the feeder's
/// own: a server that calls two others slow, whom nobody else does, is taken for the slow one itself. And when what came in
/// place of a slow server is slow, too, it is the network or the whole cluster: then any speed will do for the rest of the put.
struct SlowServers: Sendable {
    /// Who has given a server up.
    enum Feeder: Hashable, Sendable {
        case client
        case server(ServerAddress)
    }

    /// A put that would avoid more servers than these puts up with all of them: each costs it the time that finds it.
    static let maxAvoided = 3

    /// Bytes a second that a server must take; 0 once any speed will do.
    private(set) var floor: Int
    private var calledSlow: [Feeder: Set<ServerAddress>] = [:]
    /// Chunks of which a server was slow already.
    private var chunks: Set<Int> = []

    init(floor: Int) { self.floor = floor }

    /// Servers that further chunks shall not go to where there are others.
    var avoided: Set<ServerAddress> {
        var avoided: Set<ServerAddress> = []
        for (feeder, servers) in calledSlow {
            let others = calledSlow.filter { $0.key != feeder }.values.reduce(into: Set()) { $0.formUnion($1) }
            guard case .server(let address) = feeder, servers.count > 1, servers.isDisjoint(with: others) else {
                avoided.formUnion(servers)
                continue
            }
            avoided.insert(address)
        }
        return avoided
    }

    /// Notes the servers that were given up as slow in one round of sending the chunk with this index.
    mutating func note(_ slow: [ServerAddress: Feeder], inChunk index: Int) {
        guard floor > 0, !slow.isEmpty else { return }
        for (server, feeder) in slow { calledSlow[feeder, default: []].insert(server) }
        if !chunks.insert(index).inserted || avoided.count > Self.maxAvoided { putUpWithAll() }
    }

    /// Takes any speed, and any server, from now on.
    mutating func putUpWithAll() {
        floor = 0
        calledSlow = [:]
    }
}
