import DFSCore
import DFSServices
import Logging
import NIOPosix
import RPC

/// Runs `body` with a real server on loopback and a peer connected to it.
func withServer<Result: Sendable>(
    _ addRoutes: (inout ServiceRoutes) -> Void, _ body: (Peer) async throws -> Result
) async throws -> Result {
    var routes = ServiceRoutes()
    addRoutes(&routes)
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let group = MultiThreadedEventLoopGroup.singleton
    let server = RPCServer(routes: routes, configuration: .init(), group: group, logger: logger)
    let port = try await server.listen(host: "127.0.0.1", port: 0)
    let peer = Peer(
        address: ServerAddress(host: "127.0.0.1", port: port), role: "test server", group: group, logger: logger)
    let result: Swift.Result<Result, any Error>
    do {
        result = .success(try await body(peer))
    } catch {
        result = .failure(error)
    }
    await peer.channel.close()
    await server.shutdown(grace: .zero)
    return try result.get()
}

/// The code that `body` fails with; `nil` where it does not fail.
func failureCode(_ body: () async throws -> Void) async -> DFSError.Code? {
    do {
        try await body()
        return nil
    } catch {
        return DFSError(error, from: "test").code
    }
}
