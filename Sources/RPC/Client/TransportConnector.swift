import NIOCore
import NIOPosix

/// Makes connections to one server, on one event loop.
protocol TransportConnector: Sendable {
    var eventLoop: any EventLoop { get }

    /// Connects once. `attach` gets the open transport, on the loop, before any byte arrives.
    func connect(
        timeout: TimeAmount, attach: @escaping @Sendable (any ByteTransport) throws -> any TransportReceiver
    ) -> EventLoopFuture<Void>
}

/// Connects by TCP; names are resolved by the system, and IPv6 and IPv4 addresses raced (RFC 8305).
struct SocketConnector: TransportConnector {
    let host: String
    let port: Int
    /// `nil` for plaintext.
    let tls: ClientTLS?
    let eventLoop: any EventLoop

    func connect(
        timeout: TimeAmount, attach: @escaping @Sendable (any ByteTransport) throws -> any TransportReceiver
    ) -> EventLoopFuture<Void> {
        let deadline = NIODeadline.now() + timeout
        return ClientBootstrap.forCalls(on: eventLoop, timeout: timeout)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .connect(host: host, port: port)
            .flatMap { channel in channel.carry(tls: tls, host: host, deadline: deadline, attach: attach) }
    }
}

extension ClientBootstrap {
    /// With the options of every client socket.
    static func forCalls(on eventLoop: any EventLoop, timeout: TimeAmount) -> ClientBootstrap {
        ClientBootstrap(group: eventLoop)
            .connectTimeout(timeout)
            .channelOption(.maxMessagesPerRead, value: 4)
            .channelOption(.recvAllocator, value: SocketBuffers.receiveAllocator)
            .channelOption(.writeBufferWaterMark, value: SocketBuffers.writeMarks)
    }
}

extension Channel {
    /// Makes a new connection the transport of calls: after the TLS handshake, where there is one.
    ///
    /// - Parameter host: as it was dialled; `nil` for a socket of this machine.
    func carry(
        tls: ClientTLS?, host: String?, deadline: NIODeadline,
        attach: @escaping @Sendable (any ByteTransport) throws -> any TransportReceiver
    ) -> EventLoopFuture<Void> {
        let secured = tls?.handshake(on: self, host: host, deadline: deadline) ?? eventLoop.makeSucceededVoidFuture()
        return secured.flatMapThrowing {
            let transport = SocketTransport(eventLoop: self.eventLoop, isSecure: tls != nil)
            try self.pipeline.syncOperations.addHandler(transport)
            transport.receiver = try attach(transport)
        }.flatMapErrorThrowing { error in
            self.close(promise: nil)
            throw error
        }
    }
}

extension RPCError {
    /// From a failed attempt to connect, for people.
    init(connectingTo authority: String, _ error: any Error) {
        self.init(.unavailable, "cannot connect to \(authority): \(Self.connectCause(error))")
    }

    private static func connectCause(_ error: any Error) -> String {
        switch error {
        case let error as RPCError: error.message
        case let error as NIOConnectionError:
            if let first = error.connectionErrors.first {
                connectCause(first.error)
            } else {
                "the host name has no address"
            }
        case ChannelError.connectTimeout: "no answer in time"
        case let error as IOError: error.errnoText
        default: "\(error)"
        }
    }
}

extension IOError {
    /// The system's words for the errno, without the call's name.
    fileprivate var errnoText: String {
        switch errnoCode {
        case ECONNREFUSED: "connection refused; is the server running there?"
        case EHOSTUNREACH, ENETUNREACH: "no route to the host"
        default: description
        }
    }
}
