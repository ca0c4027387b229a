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
    private var calls: [Int32: ServerCall] = [:]
    private let peerHost: String
    private var isDraining = false

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
            let error = wasReset ? RPCError(reset: code) : RPCError(.cancelled, "the call has ended")
            calls.removeValue(forKey: stream)?.streamClosed(error)
            closeIfDrained()
        case .goAway, .settings, .pingAcknowledged:
            break
        }
    }

    func connectionClosed(reason: String) {
        logger.debug("connection closed", metadata: ["peer": "\(peerHost)", "reason": "\(reason)"])
        let open = calls
        calls = [:]
        for call in open.values {
            call.streamClosed(RPCError(.cancelled, "the client's connection closed: \(reason)"))
        }
        onClosed(id)
    }

    /// Takes no new call; closes when the open ones have ended.
    func drain() {
        guard !isDraining else { return }
        isDraining = true
        connection.session.announceShutdown()
        connection.session.goAway(.noError)
        connection.schedulePump()
        closeIfDrained()
    }

    private func closeIfDrained() {
        if isDraining, calls.isEmpty { connection.close(reason: "the server is shutting down") }
    }

    private func startCall(stream id: Int32, _ block: HeaderBlock) {
        let request: RequestHeaders
        do {
            request = try RequestHeaders(block)
        } catch {
            return refuse(stream: id, error)
        }
        guard let route = routes.route(for: request.path) else {
            return refuse(stream: id, .status(RPCError(.unimplemented, "this server has no method \(request.path)")))
        }
        let messages = CallStream(
            connection: connection, id: id,
            maxReceiveByteCount: route.maxReceiveByteCount ?? configuration.maxReceiveMessageBytes,
            maxSendByteCount: configuration.maxSendMessageBytes)
        messages.receives(request.compression)
        let call = ServerCall(request, connectionID: self.id, peerHost: peerHost, stream: messages)
        calls[id] = call
        call.start(route.handler)
    }

    private func refuse(stream id: Int32, _ refusal: RequestRefusal) {
        let block: HeaderBlock
        switch refusal {
        case .http(let status):
            block = ResponseHeaders.plainHTTP(status: status)
        case .status(let error):
            var answer = ResponseHeaders.initial()
            ResponseHeaders.append(error, trailing: [:], to: &answer)
            block = answer
        }
        connection.session.submitResponse(stream: id, block, endStream: true)
        connection.session.stopPeerAfterEnd(stream: id)
        connection.schedulePump()
    }
}
