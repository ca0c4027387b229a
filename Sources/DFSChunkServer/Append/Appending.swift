import DFSChunkStore
import DFSServices
import Logging
import NIOCore

/// All that a server needs to append.
struct Appending: Sendable {
    let primaries: Primaries
    /// Connections to the other servers of open chunks.
    let peers: PeerPool
    /// Ends what other primaries send here.
    let stopping = StopSignal()

    init(
        store: ChunkStore, threads: DiskThreads, session: MasterSession, settings: AppendSettings,
        group: any EventLoopGroup, logger: Logger
    ) {
        var configuration = PeerPool.Configuration()
        configuration.locate = HostlessLocator(master: session.peer).locate
        peers = PeerPool(group: group, configuration: configuration, logger: logger)
        primaries = Primaries(
            resources: PrimaryChunk.Resources(
                store: store, threads: threads,
                leases: LeaseKeeper(session: session, settings: settings, logger: logger), peers: peers,
                settings: settings, budget: WriteBudget(byteCount: settings.budget), logger: logger))
    }
}
