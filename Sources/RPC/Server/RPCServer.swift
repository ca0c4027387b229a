import HTTP2
import Logging
import NIOCore
import NIOPosix
import Synchronization

/// A gRPC server: accepts connections and runs each call's handler on the event loop of its connection.
package final class RPCServer: Sendable {
    package struct Configuration: Sendable {
        /// The largest message taken, in bytes; 4 MiB as everywhere in gRPC.
        package var maxReceiveMessageBytes = 4 << 20
        /// The largest message sent, in bytes. Peers take 4 MiB unless they were told otherwise.
        package var maxSendMessageBytes = 4 << 20
        /// Connections open at once; more are closed as they come.
        package var maxConnections = 10_000
        package var http2 = HTTP2Settings()
        /// How long connections are kept.
        package var limits = ConnectionLimits()
        /// The first one is the outermost.
        package var interceptors: [any ServerInterceptor] = []
        /// Called once per accepted connection, on its event loop, after its last call was cancelled.
        package var onConnectionClosed: @Sendable (ConnectionID) -> Void = { _ in }

        package init() {}
    }

    struct State {
        var listeners: [any Channel] = []
        var connections: [ConnectionID: NIOLoopBound<ServerConnection>] = [:]
        /// Connections in their TLS handshake; they count as open.
        var handshaking: [ObjectIdentifier: any Channel] = [:]
        /// What the TLS listeners use.
        var tls: [ServerTLS] = []
        var isShuttingDown = false
        var emptyWaiter: CheckedContinuation<Void, Never>?
    }

    private let routes: ServiceRoutes
    let configuration: Configuration
    let group: any EventLoopGroup
    let logger: Logger
    let state = Mutex(State())

    package init(routes: ServiceRoutes, configuration: Configuration, group: any EventLoopGroup, logger: Logger) {
        self.routes = routes.intercepted(by: configuration.interceptors)
        self.configuration = configuration
        self.group = group
        self.logger = logger
    }

    /// Starts to listen; may be called again for other ports. `host` "" is every interface, IPv4 and IPv6; `port` 0 lets
    /// the system choose.
    ///
    /// - Parameter tls: `nil` for plaintext; a port speaks one or the other.
    /// - Returns: the port.
    /// - Throws: ``RPCError`` `unavailable` that names address and cause, such as a port in use.
    package func listen(host: String, port: UInt16, tls: ServerTLS? = nil) async throws -> UInt16 {
        do {
            let channel = try await ListenHosts.bind(host) { host in
                try await bootstrap(tls).childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
                    .bind(host: host, port: Int(port)).get()
            }
            keep(channel, tls)
            return UInt16(channel.localAddress?.port ?? Int(port))
        } catch let error as IOError where error.errnoCode == EADDRINUSE {
            throw RPCError(.unavailable, "port \(port) is in use; stop what listens there, or choose another port")
        } catch {
            throw RPCError(.unavailable, "cannot listen on \(host):\(port): \(error)")
        }
    }

    /// Notes what listens, to be closed at shutdown, and its TLS, to be read again.
    @inline(never) func keep(_ listener: any Channel, _ tls: ServerTLS?) {
        state.withLock { state in
            state.listeners.append(listener)
            if let tls { state.tls.append(tls) }
        }
    }

    /// Accepts nothing new, lets open calls finish for `grace`, then closes what is left. Returns when all is closed.
    package func shutdown(grace: Duration) async {
        let (listeners, connections, handshaking) = state.withLock { state in
            state.isShuttingDown = true
            defer { state.listeners = [] }
            return (state.listeners, Array(state.connections.values), Array(state.handshaking.values))
        }
        for listener in listeners { try? await listener.close().get() }
        for channel in handshaking { channel.close(promise: nil) }
        for connection in connections { connection.execute { $0.drain() } }
        let forced = group.next().scheduleTask(in: TimeAmount(grace)) { self.closeAll() }
        await withCheckedContinuation { continuation in
            let isEmpty = state.withLock { state in
                if state.connections.isEmpty { return true }
                state.emptyWaiter = continuation
                return false
            }
            if isEmpty { continuation.resume() }
        }
        forced.cancel()
    }

    /// Takes a connection over a transport of any kind. On the transport's event loop.
    func accept(_ transport: any ByteTransport) throws -> HTTP2Connection {
        let connection = try HTTP2Connection(
            transport: transport, executor: EventLoopTaskExecutor(eventLoop: transport.eventLoop), role: .server,
            settings: configuration.http2)
        let accepted = ServerConnection(
            connection: connection, routes: routes, configuration: configuration, logger: logger,
            onClosed: { [weak self] id in self?.connectionClosed(id) })
        let bound = NIOLoopBound(accepted, eventLoop: transport.eventLoop)
        let isAdmitted = state.withLock { state in
            if state.isFull(configuration) { return false }
            state.connections[accepted.id] = bound
            return true
        }
        guard isAdmitted else { throw RPCError(.resourceExhausted, "too many connections, or shutting down") }
        accepted.start()
        return connection
    }

    func bootstrap(_ tls: ServerTLS?) -> ServerBootstrap {
        ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.maxMessagesPerRead, value: 4)
            .childChannelOption(.recvAllocator, value: SocketBuffers.receiveAllocator)
            .childChannelOption(.writeBufferWaterMark, value: SocketBuffers.writeMarks)
            .childChannelInitializer { [self] channel in
                if let tls { return startTLS(tls, on: channel) }
                return channel.eventLoop.makeCompletedFuture {
                    let transport = SocketTransport(eventLoop: channel.eventLoop)
                    try channel.pipeline.syncOperations.addHandler(transport)
                    transport.receiver = try accept(transport)
                }
            }
    }

    private func connectionClosed(_ id: ConnectionID) {
        configuration.onConnectionClosed(id)
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.connections[id] = nil
            guard state.connections.isEmpty else { return nil }
            defer { state.emptyWaiter = nil }
            return state.emptyWaiter
        }
        waiter?.resume()
    }

    private func closeAll() {
        for connection in state.withLock({ Array($0.connections.values) }) {
            connection.execute { $0.connection.close(reason: "the server has shut down") }
        }
    }
}
