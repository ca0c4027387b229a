import DFSServices
import Logging
import NIOCore
import Synchronization

/// Connections to the servers behind this one: a pool for each number of servers that a chunk has yet to reach.
///
/// A server that cannot pass a chunk on takes no more of it, and in the end nothing more from the connection that it comes
/// by, of whatever chunk. Servers that forward to each other in a ring could wait for each other for ever. They do not:
/// chunks that have a way of `n` servers before them have connections of their own, and wait only for connections of
/// chunks that have a shorter way. What has come to its last server waits for nothing but its disk.
struct ChainPeers: Sendable {
    private let pools: [PeerPool]
    private let slowServers = Counter()

    init(group: any EventLoopGroup, master: Peer, logger: Logger) {
        var configuration = PeerPool.Configuration()
        configuration.locate = HostlessLocator(master: master).locate
        let settled = configuration
        pools = (1..<UploadChain.maxCount).map { _ in
            PeerPool(group: group, configuration: settled, logger: logger)
        }
    }

    /// For chunks that have yet to reach `count` servers, at least one and fewer than ``UploadChain/maxCount``.
    func pool(reaching count: Int) -> PeerPool { pools[count - 1] }

    /// Notes that a server was given up since it took too little.
    func countSlowServer() { slowServers.value.add(1, ordering: .relaxed) }

    /// How often that has happened.
    var slowServerCount: Int { slowServers.value.load(ordering: .relaxed) }

    /// Closes all connections once their calls have ended.
    func close() async {
        await withDiscardingTaskGroup { group in
            for pool in pools { group.addTask { await pool.close() } }
        }
    }
}

/// A count that is shared.
private final class Counter: Sendable {
    let value = Atomic<Int>(0)
}
