import HTTP2
import Logging
import NIOCore
import NIOPosix

/// Calls to one server over one HTTP/2 connection, made when the first call needs it and made anew when it is lost; or to
/// the servers of a ``Target``.
///
/// After a failed attempt, calls fail at once with UNAVAILABLE until the back-off has passed (those that wait for ready
/// go on waiting); the first call after that tries again.
package final class ClientChannel: Sendable {
    package struct Configuration: Sendable {
        /// The largest message taken, in bytes; 4 MiB as everywhere in gRPC.
        package var maxReceiveMessageBytes = 4 << 20
        /// The largest message sent, in bytes.
        package var maxSendMessageBytes = 4 << 20
        /// From the first SYN to the server's SETTINGS.
        package var connectTimeout = Duration.seconds(5)
        package var backoff = ConnectionBackoff()
        /// Calls that may wait for the connection at once; more fail with RESOURCE_EXHAUSTED.
        package var maxWaitingCalls = 10_000
        package var http2 = HTTP2Settings()
        /// `nil` for plaintext. With it nothing is ever sent in plaintext.
        package var tls: ClientTLS?
        /// How calls are spread over the addresses of a ``Target``.
        package var loadBalancing = LoadBalancing.pickFirst
        /// The name of a target is looked up again when a connection is lost, but no more often than this.
        package var minLookupInterval = Duration.seconds(30)
        /// `nil`, as towards Go nodes, whose servers close connections that ping: the system's TCP finds out.
        package var keepalive: Keepalive?
        /// A connection without calls for this long is closed, until the next call; `nil` is never.
        package var idleTimeout: Duration? = .seconds(1800)
        /// For unary calls whose options have none; `nil` is no retries but transparent ones.
        package var retryPolicy: RetryPolicy?
        /// Shared by the channels to one server.
        package var retryThrottle: RetryThrottle?
        /// The first one is the outermost.
        package var interceptors: [any ClientInterceptor] = []

        package init() {}
    }

    /// Runs on the channel's event loop; bodies of calls run there.
    package let executor: EventLoopTaskExecutor
    let configuration: Configuration
    private let core: NIOLoopBoundBox<any CallSource>
    private let connections: ConnectionCounter
    private let loop: any EventLoop

    /// `host` "" means this machine, as in Go addresses. Nothing is connected yet.
    package init(
        host: String, port: UInt16, group: any EventLoopGroup, configuration: Configuration = .init(), logger: Logger
    ) {
        let loop = group.next()
        let executor = EventLoopTaskExecutor(eventLoop: loop)
        self.loop = loop
        self.executor = executor
        let connector = SocketConnector(
            host: host.isEmpty ? "localhost" : host, port: Int(port), tls: configuration.tls, eventLoop: loop)
        self.configuration = configuration
        let core = ChannelCore(
            connector: connector, authority: "\(host.contains(":") ? "[\(host)]" : host):\(port)", executor: executor,
            configuration: configuration, logger: logger)
        connections = core.connections
        self.core = NIOLoopBoundBox.makeBoxSendingValue(core, eventLoop: loop)
    }

    /// Over a transport of any kind; `connector` makes one for each attempt.
    init(connector: any TransportConnector, authority: String, configuration: Configuration, logger: Logger) {
        loop = connector.eventLoop
        self.configuration = configuration
        executor = EventLoopTaskExecutor(eventLoop: connector.eventLoop)
        let core = ChannelCore(
            connector: connector, authority: authority, executor: executor, configuration: configuration,
            logger: logger)
        connections = core.connections
        self.core = NIOLoopBoundBox.makeBoxSendingValue(core, eventLoop: loop)
    }

    /// - Parameter makeSource: makes what calls come from; used on the loop of `executor` only.
    init(executor: EventLoopTaskExecutor, configuration: Configuration, makeSource: () -> sending any CallSource) {
        loop = executor.eventLoop
        self.executor = executor
        self.configuration = configuration
        connections = ConnectionCounter()
        core = NIOLoopBoundBox.makeBoxSendingValue(makeSource(), eventLoop: loop)
    }

    /// Names the connection that is ready; `nil` while there is none, and for a channel of a ``Target``. What was learnt of the
    /// server over a connection of another number may be of another server.
    package var readyConnection: UInt64? { connections.ready }

    /// Makes a call and runs `body` with it, on the channel's event loop: `body` must not block.
    ///
    /// When `body` leaves before the call has ended, the call is cancelled.
    /// - Throws: what `body` throws; ``RPCError`` `unavailable` where the server cannot be reached, `deadlineExceeded`,
    ///   or `cancelled`.
    package func withCall<R: Sendable>(
        _ path: MethodPath, _ options: CallOptions = .init(),
        _ body: @escaping @Sendable (ClientCall) async throws -> R
    ) async throws -> R {
        let interceptors = configuration.interceptors
        if interceptors.isEmpty { return try await makeCall(path, options, body) }
        return try await interceptors.run(OutgoingCall(path: path, options: options)) { call in
            try await makeCall(call.path, call.options, body)
        }
    }

    private func makeCall<R: Sendable>(
        _ path: MethodPath, _ options: CallOptions, _ body: @escaping @Sendable (ClientCall) async throws -> R
    ) async throws -> R {
        let deadline = CallContext.deadline(after: options.timeout)
        return try await withTaskExecutorPreference(executor) {
            try await self.runCall(path, options, deadline, body)
        }
    }

    /// One message there, one back; again as the retry policy says, all within the timeout of `options`.
    ///
    /// - Throws: ``RPCError`` with the call's status when it is not OK.
    package func unary(
        _ path: MethodPath, _ request: RPCMessage, _ options: CallOptions = .init()
    ) async throws -> UnaryResponse {
        var options = options
        options.retryPolicy = options.retryPolicy ?? configuration.retryPolicy
        // Each attempt would have the whole timeout anew, a transparent one, too.
        guard options.timeout != nil, let deadline = CallContext.deadline(after: options.timeout) else {
            return try await retrying(options) { try await self.attemptUnary(path, request, $0) }
        }
        return try await CallContext.$deadline.withValue(deadline) {
            try await retrying(options) { try await self.attemptUnary(path, request, $0) }
        }
    }

    private func attemptUnary(
        _ path: MethodPath, _ request: RPCMessage, _ options: CallOptions
    ) async throws -> UnaryResponse {
        try await withCall(path, options) { call in
            try await call.send(request)
            call.finishSending()
            guard let message = try await call.receive() else {
                throw RPCError(.internalError, "\(path) ended with OK and without an answer")
            }
            let initial = try await call.initialMetadata()
            guard try await call.receive() == nil else {
                throw RPCError(.internalError, "\(path) gave more than one answer")
            }
            return UnaryResponse(message: message, initialMetadata: initial, trailingMetadata: call.trailingMetadata)
        }
    }

    /// Takes no new call, lets open ones finish, closes the connection. Returns when it is closed.
    package func close() async {
        try? await withTaskExecutorPreference(executor) { try await self.closeOnLoop() }
    }

    private func runCall<R: Sendable>(
        _ path: MethodPath, _ options: CallOptions, _ deadline: NIODeadline?,
        _ body: @Sendable (ClientCall) async throws -> R
    ) async throws -> R {
        loop.preconditionInEventLoop()
        let call = try await core.value.open(path, options, deadline: deadline)
        defer { call.cancel() }
        return try await withTaskCancellationHandler {
            try await body(call)
        } onCancel: {
            call.cancel()
        }
    }

    private func closeOnLoop() async throws {
        loop.preconditionInEventLoop()
        await core.value.close()
    }
}
