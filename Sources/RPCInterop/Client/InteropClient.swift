import DFSCore
import DFSServices
import DFSWire
import Logging
import NIOPosix
import RPC

/// The side of the interop tests that asks: a server's address, and a channel to it for each case.
package final class InteropClient: Sendable {
    /// A call that should end and does not fails with DEADLINE_EXCEEDED after this.
    static let callTimeout = Duration.seconds(20)

    let soak: SoakSettings
    /// Of the case that runs.
    let channel: ClientChannel
    private let makeChannel: @Sendable () -> ClientChannel

    private init(makeChannel: @escaping @Sendable () -> ClientChannel, soak: SoakSettings) {
        self.makeChannel = makeChannel
        self.soak = soak
        channel = makeChannel()
    }

    /// Runs one case on a channel of its own.
    ///
    /// - Parameter tls: `nil` is plaintext.
    /// - Returns: what went wrong, in words; `nil` where it passed.
    package static func run(
        _ test: InteropCase, host: String, port: UInt16, tls: ClientTLS?, soak: SoakSettings, logger: Logger
    ) async -> String? {
        let makeChannel: @Sendable () -> ClientChannel = {
            var configuration = ClientChannel.Configuration()
            configuration.tls = tls
            return ClientChannel(
                host: host, port: port, group: MultiThreadedEventLoopGroup.singleton, configuration: configuration,
                logger: logger)
        }
        let client = InteropClient(makeChannel: makeChannel, soak: soak)
        let failure: String?
        do {
            try await test.run(client)
            failure = nil
        } catch {
            failure = "\(error)"
        }
        await client.channel.close()
        return failure
    }

    /// Runs `body` with a second channel to the server.
    func withNewChannel<Result: Sendable>(_ body: (ClientChannel) async throws -> Result) async throws -> Result {
        let channel = makeChannel()
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

extension ClientChannel {
    /// A unary call whose status, where it is not OK, is thrown as it came.
    func interopUnary<Request: WireMessage, Response: WireMessage>(
        _ path: MethodPath, _ request: Request, as type: Response.Type = Response.self, metadata: Metadata = [:],
        compression: MessageCompression = .identity
    ) async throws -> (message: Response, initial: Metadata, trailing: Metadata) {
        let options = CallOptions(
            metadata: metadata, timeout: InteropClient.callTimeout, compression: compression)
        let answer = try await unary(path, RPCMessage(request.encoded()), options)
        let message = try Response(wire: answer.message.contiguous())
        return (message, answer.initialMetadata, answer.trailingMetadata)
    }
}
