import HTTP2
import Logging
import NIOCore

/// One accepted connection: turns requests into calls and events into what the calls see.
final class ServerConnection: HTTP2ConnectionOwner {
    let id = ConnectionID.next()
    let connection: HTTP2Connection
    private let routes: ServiceRoutes
    private let configuration: RPCServer.Configuration
    private let logger: Logger
    private let onClosed: @Sendable (ConnectionID) -> Void
    private let calls = CallTable<ServerCall>()
    /// Calls whose handlers start when all that has come with their headers is in their inboxes: the handler of a small
    /// unary call then runs from end to end without waiting, and that of one already reset does not run at all.
    private let handlers: HandlerQueue
    private let peerHost: String
    /// That of the last call: the next one mostly has the same headers.
    private var lastRequest: Request?
    private enum Draining {
        case no
        /// Calls that the client sends before it hears of it are still taken.
        case announced
        case yes
    }

    private var draining = Draining.no
    /// Whether the ping of ``drain()`` was not answered in time.
    private var isSilent = false
    private var pingPolice: PingPolice
    private var keepalive: KeepaliveWatch?
    private var floodPolice: FloodPolice
    private var progress: ProgressWatch?
    private var hasGreeted = false
    private enum Alarm { case announcement, age, ageGrace, idle }

    private var alarms: [Alarm: Scheduled<Void>] = [:]

    init(
        connection: HTTP2Connection, routes: ServiceRoutes, configuration: RPCServer.Configuration, logger: Logger,
        onClosed: @escaping @Sendable (ConnectionID) -> Void
    ) {
        self.connection = connection
        self.peerHost = connection.peerHost
        self.routes = routes
        self.configuration = configuration
        self.logger = logger
        self.onClosed = onClosed
        handlers = HandlerQueue(connection: connection)
        pingPolice = PingPolice(configuration.limits)
        floodPolice = FloodPolice(configuration.limits, now: .now())
    }

    func start() {
        connection.start(owner: self)
        let limits = configuration.limits
        connection.maxQueuedByteCount = limits.maxQueuedByteCount
        progress = ProgressWatch(limits, connection: connection) { [unowned self] in self.hasGreeted }
        keepalive = limits.keepalive.map {
            KeepaliveWatch($0, connection: connection) { [unowned self] in !self.calls.isEmpty }
        }
        if let maxAge = limits.maxAge {
            schedule(.age, in: maxAge * Double.random(in: 0.9...1.1)) { $0.reachedMaxAge() }
        }
        scheduleIdleCheck(callsSeen: 0)
    }

    func handle(_ event: HTTP2Event) {
        switch event {
        case .headers(let stream, let block, let isEnd):
            if calls[stream] == nil { startCall(stream: stream, block) }
            if isEnd { calls[stream]?.finishInbound() }
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
            calls.remove(stream)?.streamClosed(
                wasReset ? RPCError(reset: code) : RPCError(.cancelled, "the call has ended"))
            closeIfDrained()
        case .pinged:
            receivedPing()
        case .pingAcknowledged(let payload):
            if payload == HTTP2Connection.PingPurpose.announcement.rawValue { finishAnnouncing() }
        case .settings:
            hasGreeted = true
        case .goAway:
            break
        }
    }

    func takeInput() { handlers.run() }

    func bytesReceived() {
        if !floodPolice.admits(connection.session.frameCounts) { connection.cutOff("too many control frames") }
    }

    func connectionClosed(reason: String) {
        handlers.removeAll()
        logger.debug("connection closed", metadata: ["peer": "\(peerHost)", "reason": "\(reason)"])
        for alarm in alarms.values { alarm.cancel() }
        alarms = [:]
        keepalive?.stop()
        keepalive = nil
        progress?.stop()
        progress = nil
        let open = calls.values
        calls.removeAll()
        for call in open {
            call.streamClosed(RPCError(.cancelled, "the client's connection closed: \(reason)"))
        }
        onClosed(id)
    }

    /// Takes no new call; closes when the open ones have ended.
    ///
    /// Calls that are on their way are taken too: the client is told first, and what comes before its answer to a ping was
    /// sent before it knew (RFC 9113 §6.8).
    func drain() {
        guard draining == .no else { return }
        draining = .announced
        connection.announceShutdown()
        schedule(.announcement, in: Self.announcementLimit) { connection in
            connection.isSilent = true
            connection.finishAnnouncing()
        }
    }

    /// How long a client may take to answer the ping of ``drain()``.
    private static let announcementLimit = Duration.seconds(5)

    private func finishAnnouncing() {
        guard draining == .announced else { return }
        draining = .yes
        connection.session.goAway(.noError)
        connection.schedulePump()
        closeIfDrained()
    }

    private func closeIfDrained() {
        guard draining == .yes, calls.isEmpty else { return }
        let reason = "the connection was drained"
        // A client that answers no ping is not waited for once more.
        if isSilent { connection.close(reason: reason) } else { connection.finish(reason: reason) }
    }

    private func receivedPing() {
        let hasAnswered = connection.session.hasSentHeadersOrData
        connection.session.hasSentHeadersOrData = false
        guard !pingPolice.admits(now: .now(), hasCalls: !calls.isEmpty, hasAnswered: hasAnswered) else { return }
        connection.cutOff("too_many_pings")
    }

    private func reachedMaxAge() {
        drain()
        guard let grace = configuration.limits.maxAgeGrace else { return }
        schedule(.ageGrace, in: grace) { $0.connection.close(reason: "the connection has reached its largest age") }
    }

    /// Lets a connection go that had no call since the last check.
    private func scheduleIdleCheck(callsSeen: UInt64) {
        guard let maxIdle = configuration.limits.maxIdle(isSecure: connection.isSecure) else { return }
        schedule(.idle, in: maxIdle) { connection in
            let callsStarted = connection.connection.statistics.callsStarted
            if callsStarted == callsSeen, connection.calls.isEmpty { return connection.drain() }
            connection.scheduleIdleCheck(callsSeen: callsStarted)
        }
    }

    private func schedule(_ alarm: Alarm, in delay: Duration, _ body: @escaping @Sendable (ServerConnection) -> Void) {
        alarms[alarm]?.cancel()
        let bound = NIOLoopBound(self, eventLoop: connection.eventLoop)
        alarms[alarm] = connection.eventLoop.scheduleTask(in: TimeAmount(delay)) { body(bound.value) }
    }

    private func startCall(stream id: Int32, _ block: HeaderBlock) {
        let request: Request
        do {
            request = try self.request(block)
        } catch {
            return refuse(stream: id, error)
        }
        let messages = CallStream(
            connection: connection, id: id,
            maxReceiveByteCount: request.route.maxReceiveByteCount ?? configuration.maxReceiveMessageBytes,
            maxSendByteCount: configuration.maxSendMessageBytes)
        messages.receives(request.headers.compression)
        let call = ServerCall(request, stream: messages)
        calls.insert(call, for: id)
        connection.countCall()
        handlers.append(call)
    }

    private func request(_ block: HeaderBlock) throws(RequestRefusal) -> Request {
        if let lastRequest, block.isSame(as: lastRequest.block) { return lastRequest }
        let headers = try RequestHeaders(block)
        let path = block.value(at: headers.pathIndex)
        guard let route = routes.route(for: path) else {
            throw .status(RPCError(.unimplemented, "this server has no method \(path)"))
        }
        let request = Request(
            path: path, headers: headers, route: route, connectionID: id, peerHost: peerHost, block: block)
        lastRequest = block.listSize <= Self.maxKeptHeaderListSize ? request : nil
        return request
    }

    /// Larger headers are not kept for the next call.
    private static let maxKeptHeaderListSize = 2048

    private func refuse(stream id: Int32, _ refusal: RequestRefusal) {
        let block: HeaderBlock
        switch refusal {
        case .http(let status):
            block = ResponseHeaders.plainHTTP(status: status)
        case .status(let error):
            block = ResponseHeaders.end(error, trailing: [:], isWhole: true)
        }
        connection.session.submitResponse(stream: id, block, endStream: true)
        connection.session.stopPeerAfterEnd(stream: id)
        connection.schedulePump()
    }
}
