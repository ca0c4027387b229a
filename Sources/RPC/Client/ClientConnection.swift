import HTTP2
import NIOCore

/// One connection of a channel, from the first byte to the last.
///
/// States: handshaking (until the server's SETTINGS), ready, draining (after GOAWAY: open calls finish, no new ones),
/// closed.
final class ClientConnection: HTTP2ConnectionOwner {
    enum State { case handshaking, ready, draining, closed }

    let connection: HTTP2Connection
    private(set) var state = State.handshaking
    private let authority: String
    private let calls = CallTable<ClientCall>()
    private var lastHeaders: (path: MethodPath, block: HeaderBlock)?
    /// Called at each change of state; dropped when closed.
    private var onStateChange: ((State, String) -> Void)?
    private var keepalive: KeepaliveWatch?

    init(connection: HTTP2Connection, authority: String, onStateChange: @escaping (State, String) -> Void) {
        self.connection = connection
        self.authority = authority
        self.onStateChange = onStateChange
    }

    var openCallCount: Int { calls.count }

    func start(_ keepalive: Keepalive?) {
        connection.start(owner: self)
        self.keepalive = keepalive.map {
            KeepaliveWatch($0, connection: connection) { [unowned self] in !self.calls.isEmpty }
        }
    }

    /// Starts a call, or gives `nil` when this connection takes no new one. A call above the server's limit of concurrent
    /// ones waits inside for its turn.
    ///
    /// - Throws: ``RPCError`` for metadata that cannot be sent, and where too many calls wait already.
    func open(
        _ path: MethodPath, _ options: CallOptions, deadline: NIODeadline?, limits: MessageLimits
    ) throws(RPCError) -> ClientCall? {
        guard state == .ready else { return nil }
        let session = connection.session
        guard session.abandonedRequestCount < limits.maxWaitingCalls else {
            // They go with the connection. They are no reason to refuse a call: nobody waits for them.
            drain(reason: "too many calls were given up before their turn")
            return nil
        }
        let (allowed, _) = session.peerMaxConcurrentStreams.addingReportingOverflow(limits.maxWaitingCalls)
        guard session.openStreamCount < allowed else {
            throw RPCError(
                .resourceExhausted,
                "\(session.openStreamCount) calls to \(authority) are open or wait for their turn already")
        }
        try options.metadata.checkNames()
        var block = headers(for: path)
        if options.compression != .identity { block.append("grpc-encoding", options.compression.rawValue) }
        if let deadline {
            block.append("grpc-timeout", GRPCTimeout.encode(.nanoseconds((deadline - .now()).nanoseconds)))
        }
        if options.previousAttempts > 0 {
            block.append("grpc-previous-rpc-attempts", String(options.previousAttempts))
        }
        options.metadata.append(to: &block)
        let maxSize = min(connection.session.peerMaxHeaderListSize, HTTP2Session.maxSentHeaderListSize)
        guard block.listSize <= maxSize else {
            throw RPCError(
                .resourceExhausted, "the request's headers have \(block.listSize) bytes; \(maxSize) are sent and taken")
        }
        guard let id = connection.session.submitRequest(block, endStream: false) else {
            change(to: .draining, "the connection takes no new call")
            return nil
        }
        let stream = CallStream(
            connection: connection, id: id,
            maxReceiveByteCount: options.maxReceiveMessageBytes ?? limits.receiveByteCount,
            maxSendByteCount: options.maxSendMessageBytes ?? limits.sendByteCount)
        stream.sends(options.compression)
        let call = ClientCall(stream: stream)
        calls.insert(call, for: id)
        connection.countCall()
        call.armDeadline(deadline)
        connection.schedulePump()
        return call
    }

    /// The headers that all calls of a method have; mostly those of the call before.
    private func headers(for path: MethodPath) -> HeaderBlock {
        if let lastHeaders, lastHeaders.path == path { return lastHeaders.block }
        let block = HeaderBlock([
            (":method", "POST"), (":scheme", connection.scheme), (":path", path.path), (":authority", authority),
            ("te", "trailers"), ("content-type", "application/grpc"), ("user-agent", "grpc-swift-dfs/0.1.0"),
            ("grpc-accept-encoding", MessageCompression.accepted),
        ])
        lastHeaders = (path, block)
        return block
    }

    /// Takes no new call; closes when the open ones have ended.
    func drain(reason: String) {
        change(to: .draining, reason)
        closeIfDrained(reason)
    }

    func handle(_ event: HTTP2Event) {
        switch event {
        case .headers(let stream, let block, let isEnd):
            calls[stream]?.received(block, isEnd: isEnd)
        case .data(let stream, let data):
            if let call = calls[stream] {
                call.received(data)
            } else {
                connection.session.consume(stream: stream, byteCount: data.readableBytes)
            }
        case .endOfStream(let stream):
            calls[stream]?.finishInbound()
        case .drained(let stream):
            calls[stream]?.drained()
        case .closed(let stream, let code, let wasReset):
            let error =
                wasReset ? RPCError(reset: code) : RPCError(.internalError, "the stream closed without a status")
            calls.remove(stream)?.streamClosed(error)
            if state == .draining { closeIfDrained("drained") }
        case .goAway(_, let code):
            drain(reason: "the server said GOAWAY (\(code.rawValue))")
        case .settings:
            if state == .handshaking { change(to: .ready, "") }
        case .pinged, .pingAcknowledged:
            break
        }
    }

    func takeInput() { while connection.takeNextInput() {} }

    func connectionClosed(reason: String) {
        let open = calls.values
        calls.removeAll()
        for call in open {
            call.streamClosed(RPCError(.unavailable, "the connection to \(authority) was lost: \(reason)"))
        }
        keepalive?.stop()
        keepalive = nil
        change(to: .closed, reason)
        onStateChange = nil
    }

    private func closeIfDrained(_ reason: String) {
        if calls.isEmpty { connection.close(reason: reason) }
    }

    private func change(to new: State, _ reason: String) {
        guard state != new, state != .closed else { return }
        state = new
        onStateChange?(new, reason)
    }
}

/// What a channel's calls may take.
struct MessageLimits {
    /// The largest message taken, in bytes.
    let receiveByteCount: Int
    /// The largest message sent, in bytes.
    let sendByteCount: Int
    /// Calls that may wait beyond those that the server lets run.
    let maxWaitingCalls: Int
}
