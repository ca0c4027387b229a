import DFSCore
import Logging
import NIOCore
import RPC
import Synchronization

/// The connections of this process to other nodes: one for each address, shared by all calls to it, closed when idle.
package final class PeerPool: Sendable {
    /// How many peers are kept, and for how long.
    package struct Configuration: Sendable {
        /// Peers connected at once. When all are in use, one more is refused with ``DFSError/Code/resourceExhausted``.
        package var maxPeers = 256
        /// A peer unused for this long is closed.
        package var idleTime = Duration.seconds(60)
        package var channel = ClientChannel.Configuration()
        /// Finds where a peer is dialled, where that is not its address; asked when a connection to it is to be made.
        package var locate: (@Sendable (ServerAddress) async throws -> ServerAddress)?

        package init() { channel.backoff = .withinCluster }
    }

    private struct Entry {
        let peer: Peer
        var userCount: Int
        /// When the last user left.
        var idleSince: NIODeadline
    }

    private struct State {
        var entries: [ServerAddress: Entry] = [:]
        var isClosed = false
        var isSweepScheduled = false
    }

    private let group: any EventLoopGroup
    private let role: String
    private let configuration: Configuration
    private let logger: Logger
    private let state = Mutex(State())

    /// - Parameter role: how errors call the peers, such as `chunk server`.
    package init(
        role: String = "chunk server", group: any EventLoopGroup, configuration: Configuration = .init(),
        logger: Logger
    ) {
        self.role = role
        self.group = group
        self.configuration = configuration
        self.logger = logger
    }

    /// The number of peers that are connected or about to be.
    package var count: Int { state.withLock { $0.entries.count } }

    /// Runs `body` with the peer at `address`, which stays open at least as long.
    ///
    /// - Throws: what `body` throws; ``DFSError`` where the pool is full or closed.
    package func withPeer<Result: Sendable>(
        _ address: ServerAddress, _ body: (Peer) async throws -> Result
    ) async throws -> Result {
        let peer = try enter(address, dialled: try await locate(address))
        defer { leave(address) }
        return try await body(peer)
    }

    /// Closes all peers, those in use too, once their calls have ended. Later uses are refused.
    package func close() async {
        let peers = state.withLock { state in
            state.isClosed = true
            defer { state.entries = [:] }
            return state.entries.values.map(\.peer)
        }
        await withTaskGroup { tasks in
            for peer in peers { tasks.addTask { await peer.channel.close() } }
        }
    }

    private func locate(_ address: ServerAddress) async throws -> ServerAddress {
        guard let locate = configuration.locate else { return address }
        if let known = state.withLock({ $0.entries[address]?.peer.dialled }) { return known }
        return try await locate(address)
    }

    private func enter(_ address: ServerAddress, dialled: ServerAddress) throws(DFSError) -> Peer {
        let (result, evicted) = state.withLock { state in admit(address, dialled, &state) }
        if let evicted { closeInBackground([evicted]) }
        return try result.get()
    }

    private func admit(
        _ address: ServerAddress, _ dialled: ServerAddress, _ state: inout State
    ) -> (Result<Peer, DFSError>, evicted: Peer?) {
        if state.isClosed { return (.failure(DFSError(.cancelled, "\(role) \(address): the pool is closed")), nil) }
        if var entry = state.entries[address] {
            entry.userCount += 1
            state.entries[address] = entry
            return (.success(entry.peer), nil)
        }
        var evicted: Peer?
        if state.entries.count >= configuration.maxPeers {
            let idle = state.entries.filter { $0.value.userCount == 0 }
            guard let oldest = idle.min(by: { $0.value.idleSince < $1.value.idleSince }) else {
                let text = "\(role) \(address): all \(configuration.maxPeers) connections are in use; try again later"
                return (.failure(DFSError(.resourceExhausted, text, advice: .retrySamePeer)), nil)
            }
            evicted = state.entries.removeValue(forKey: oldest.key)?.peer
        }
        let peer = Peer(
            address: address, dialled: dialled, role: role, group: group, configuration: configuration.channel,
            logger: logger)
        state.entries[address] = Entry(peer: peer, userCount: 1, idleSince: .now())
        return (.success(peer), evicted)
    }

    private func leave(_ address: ServerAddress) {
        let mustSchedule = state.withLock { state in
            guard var entry = state.entries[address] else { return false }
            entry.userCount -= 1
            entry.idleSince = .now()
            state.entries[address] = entry
            if entry.userCount > 0 || state.isSweepScheduled { return false }
            state.isSweepScheduled = true
            return true
        }
        if mustSchedule { scheduleSweep() }
    }

    private func scheduleSweep() {
        group.next().scheduleTask(in: TimeAmount(configuration.idleTime)) { [weak self] in self?.sweep() }
    }

    /// Closes what has been idle long enough, and comes again while any peer is left.
    private func sweep() {
        let limit = NIODeadline.now() - TimeAmount(configuration.idleTime)
        let (closing, mustContinue) = state.withLock { state in
            let idle = state.entries.filter { $0.value.userCount == 0 && $0.value.idleSince <= limit }
            for address in idle.keys { state.entries[address] = nil }
            state.isSweepScheduled = !state.entries.isEmpty
            return (idle.values.map(\.peer), state.isSweepScheduled)
        }
        closeInBackground(closing)
        if mustContinue { scheduleSweep() }
    }

    /// An idle peer has no calls, so its close ends on its own; nobody need wait for it.
    private func closeInBackground(_ peers: [Peer]) {
        for peer in peers {
            logger.debug("closing an idle connection", metadata: ["peer": "\(peer.name)"])
            Task { await peer.channel.close() }
        }
    }
}
