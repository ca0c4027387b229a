import DFSCore
import InteropMessages
import Logging
import NIOCore
import NIOPosix
import RPC
import RPCServices

/// A server of the interop tests, with the standard services beside.
package final class InteropServer: Sendable {
    /// Calls under way have this long to finish when the server stops.
    private static let stopGrace = Duration.seconds(1)

    private let group: MultiThreadedEventLoopGroup
    private let server: RPCServer
    private let standard: StandardServices
    private let tls: ServerTLS?
    private let logger: Logger

    /// Opens nothing yet.
    ///
    /// - Parameter identity: what it shows over TLS; `nil` is plaintext.
    /// - Throws: ``DFSError`` that names a file which is no certificate, or no key of it.
    package init(identity: TLSIdentity?, logger: Logger) throws(DFSError) {
        do throws(RPCError) {
            tls = try identity.map { identity throws(RPCError) in
                try ServerTLS(ServerTLS.Configuration(identity: identity), logger: logger)
            }
        } catch {
            throw DFSError(.failedPrecondition, error.message)
        }
        self.logger = logger
        group = MultiThreadedEventLoopGroup(numberOfThreads: System.coreCount)
        standard = StandardServices(
            services: [InteropMethods.testService], descriptors: InteropDescriptorSet.bytes())
        var routes = ServiceRoutes()
        TestService().add(to: &routes)
        standard.add(to: &routes)
        server = RPCServer(routes: routes, configuration: .init(), group: group, logger: logger)
    }

    /// Listens on every interface; `port` 0 lets the system choose. It serves when this returns.
    ///
    /// - Returns: the port.
    /// - Throws: ``DFSError`` that names what is in the way.
    @discardableResult
    package func start(port: UInt16) async throws -> UInt16 {
        do {
            let port = try await server.listen(host: "", port: port, tls: tls)
            standard.health.serve()
            logger.info("interop server ready", metadata: ["port": "\(port)"])
            return port
        } catch let error as RPCError {
            throw DFSError(.failedPrecondition, error.message)
        }
    }

    package func stop() async {
        standard.health.close()
        await server.shutdown(grace: Self.stopGrace)
        try? await group.shutdownGracefully()
    }
}
