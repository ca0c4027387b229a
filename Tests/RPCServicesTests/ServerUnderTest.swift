import DFSServices
import DFSWire
import Logging
import NIOPosix
import RPC
import RPCServices

/// Runs `body` with a real server on loopback that has the standard services, and a channel to it.
func withServer<Result: Sendable>(
    _ standard: StandardServices, _ body: (ClientChannel) async throws -> Result
) async throws -> Result {
    var routes = ServiceRoutes()
    standard.add(to: &routes)
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let group = MultiThreadedEventLoopGroup.singleton
    let server = RPCServer(routes: routes, configuration: .init(), group: group, logger: logger)
    let port = try await server.listen(host: "127.0.0.1", port: 0)
    let channel = ClientChannel(host: "127.0.0.1", port: port, group: group, logger: logger)
    let result: Swift.Result<Result, any Error>
    do {
        result = .success(try await body(channel))
    } catch {
        result = .failure(error)
    }
    await channel.close()
    await server.shutdown(grace: .zero)
    return try result.get()
}

/// The code that `body` fails with; `nil` where it does not fail.
func status(_ body: () async throws -> Void) async -> RPCCode? {
    do {
        try await body()
        return nil
    } catch {
        return (error as? RPCError)?.code
    }
}
