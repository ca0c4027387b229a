import DFSCore
import DFSFiles
import DFSServices
import Logging
import NIOCore
import NIOPosix
import RPC
import Synchronization

/// What the parts of one client share.
final class ClientContext: Sendable {
    let configuration: ClientConfiguration
    /// Of the client, where it is set.
    let location: NetworkLocation?
    let files: any FileSystem
    let logger: Logger
    /// Event loops of the whole process; connections are spread over them.
    let group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
    /// The connection to the master.
    let master: Peer
    /// Connections to chunk servers.
    let chunkServers: PeerPool
    /// Tells which replicas are near.
    let machine: LocalMachine
    /// Asks servers on this machine for their files; `nil` asks nobody.
    let shortCircuit: ShortCircuit?
    /// Of all downloads.
    let hedges: Mutex<HedgePolicy>
    /// Of all uploads.
    let links: Mutex<ClientLinks>
    private let fileThreads: NIOThreadPool

    /// - Parameter tls: `nil` for plaintext.
    init(
        master address: ServerAddress, configuration: ClientConfiguration, location: NetworkLocation?, tls: ClientTLS?,
        files: any FileSystem, logger: Logger
    ) {
        self.configuration = configuration
        self.location = location
        self.files = files
        self.logger = logger
        hedges = Mutex(HedgePolicy(floor: configuration.hedgeFloor))
        links = Mutex(ClientLinks(window: TimeAmount(configuration.stallLimit)))
        var pool = PeerPool.Configuration()
        pool.channel.tls = tls
        // An upload lives as long as its connection, also while its bytes let wait.
        var channel = pool.channel
        channel.idleTimeout = nil
        master = Peer(address: address, role: "master", group: group, configuration: channel, logger: logger)
        if tls != nil {
            pool.locate = SecureLocator(master: master).locate
        } else {
            pool.locate = HostlessLocator(master: master).locate
        }
        machine = LocalMachine(usualHost: address.host)
        chunkServers = PeerPool(group: group, configuration: pool, logger: logger)
        shortCircuit = configuration.readsLocalFiles ? ShortCircuit(machine: machine, logger: logger) : nil
        fileThreads = NIOThreadPool(numberOfThreads: max(1, configuration.fileThreads))
        fileThreads.start()
    }

    /// Runs `body`, which touches local files, on a thread that may block.
    func onFileThread<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        do {
            return try await fileThreads.runIfActive(body)
        } catch {
            throw DFSError(error, from: "the local file system")
        }
    }

    /// The same for a caller on `eventLoop` that goes on meanwhile.
    func onFileThread<Result: Sendable>(
        _ eventLoop: any EventLoop, _ body: @escaping @Sendable () throws -> Result
    ) -> EventLoopFuture<Result> {
        fileThreads.runIfActive(eventLoop: eventLoop, body)
    }

    var transferSettings: TransferSettings {
        var settings = TransferSettings()
        settings.swiftDataSize = bufferSize
        settings.stallLimit = configuration.stallLimit
        settings.acknowledgementLimit = configuration.acknowledgementLimit
        return settings
    }

    /// Within what one gRPC message takes.
    var bufferSize: Int { min(max(configuration.bufferSize, 1), 2 << 20) }

    func close() async {
        await chunkServers.close()
        shortCircuit?.close()
        try? await fileThreads.shutdownGracefully()
    }
}
