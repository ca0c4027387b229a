import Logging
import NIOPosix
import RPC
import RPCInterop

let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// Runs `body` with an interop server on loopback.
func withInteropServer<Result: Sendable>(
    identity: TLSIdentity? = nil, _ body: (UInt16) async throws -> Result
) async throws -> Result {
    let server = try InteropServer(identity: identity, logger: quiet)
    let port = try await server.start(port: 0)
    let result: Swift.Result<Result, any Error>
    do {
        result = .success(try await body(port))
    } catch {
        result = .failure(error)
    }
    await server.stop()
    return try result.get()
}

/// Runs `body` with a channel to an interop server on loopback.
func withChannel<Result: Sendable>(_ body: (ClientChannel) async throws -> Result) async throws -> Result {
    try await withInteropServer { port in
        let channel = ClientChannel(
            host: "127.0.0.1", port: port, group: MultiThreadedEventLoopGroup.singleton, logger: quiet)
        let result: Swift.Result<Result, any Error>
        do {
            result = .success(try await body(channel))
        } catch {
            result = .failure(error)
        }
        await channel.close()
        return try result.get()
    }
}
