import Logging
import NIOCore
import NIOPosix
import RPC

/// A server of ours with a hostile peer on a connection in memory.
///
/// What must hold: no trap; the connection ends when the peer goes; the next one is served.
final class ServerTarget: FuzzTarget {
    private let corpus: FuzzCorpus
    private let server: RPCServer
    private let loop = MultiThreadedEventLoopGroup.singleton.next()

    init(corpus: FuzzCorpus) {
        self.corpus = corpus
        var routes = ServiceRoutes()
        routes.addFallback { call in
            while let message = try await call.receive() { try await call.send(message) }
        }
        var configuration = RPCServer.Configuration()
        // One at a time: a connection that outlives its peer is found by the next one being refused.
        configuration.maxConnections = 1
        server = RPCServer(
            routes: routes, configuration: configuration, group: MultiThreadedEventLoopGroup.singleton,
            logger: Logger(label: "rpc-fuzz") { _ in SwiftLogNoOpLogHandler() })
    }

    func run(_ random: inout FuzzRandom) throws {
        let pieces = FrameSequence.fromClient(corpus, &random).cut(&random).map { ByteBuffer(bytes: $0) }
        let (server, loop) = (server, loop)
        let peer = try loop.submit { NIOLoopBound(try InMemoryPeer(connectedTo: server, on: loop), eventLoop: loop) }
            .wait()
        for piece in pieces { loop.execute { peer.value.send(piece) } }
        // Turns of the loop in which the handlers run.
        for _ in 0..<random.below(8) { try loop.submit {}.wait() }
        let isClosed = try loop.flatSubmit { peer.value.close() }.wait()
        try check(isClosed, "the connection outlived its peer")
    }
}
