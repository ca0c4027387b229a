import HTTP2
import NIOCore

/// One call as its handler sees it. All four kinds of call are this: how many messages go each way is the handler's.
///
/// States of the answer: nothing sent, headers sent, ended. Sending a message from the first state sends the headers
/// first; ending from it makes a trailers-only answer; anything after the end is legal and ignored (the peer may have
/// gone away in between).
///
/// - `@unchecked Sendable`: the stored properties that vary are touched on the connection's event loop only.
package final class ServerCall: @unchecked Sendable {
    private enum Answer { case nothingSent, headersSent, ended }

    private let request: Request
    /// When the client stops waiting; `nil` where it waits for ever.
    package let deadline: NIODeadline?

    private let stream: CallStream
    private var compression = MessageCompression.identity
    private var answer = Answer.nothingSent
    private var trailing: Metadata = [:]
    private var deadlineTimer: Scheduled<Void>?
    /// The handler's, once it had to wait for something.
    var task: Task<Void, Never>?
    /// The one behind it in the ``HandlerQueue``.
    var next: ServerCall?

    init(_ request: Request, stream: CallStream) {
        self.request = request
        self.stream = stream
        deadline = request.headers.timeout.map { .now() + TimeAmount($0) }
    }

    /// `/<service>/<method>`
    package var path: String { request.path }
    /// The client's custom metadata.
    package var metadata: Metadata { request.headers.metadata }
    package var connectionID: ConnectionID { request.connectionID }
    /// The client's numeric IP address.
    package var peerHost: String { request.peerHost }

    private var loop: any EventLoop { stream.connection.eventLoop }

    /// What the call has moved. On the call's executor only.
    package var statistics: CallStatistics {
        loop.preconditionInEventLoop()
        return stream.statistics
    }

    /// What the call's connection has moved, for all its calls. On the call's executor only.
    package var connectionStatistics: ConnectionStatistics {
        loop.preconditionInEventLoop()
        return stream.connection.statistics
    }

    /// The event loop of the call's connection, on which the handler runs.
    package var eventLoop: any EventLoop { loop }

    /// The client's next message; `nil` when it has half-closed.
    ///
    /// - Throws: ``RPCError``: `cancelled` when the client went away, `deadlineExceeded`, or what was wrong with the message.
    package nonisolated(nonsending) func receive() async throws -> RPCMessage? {
        if let next = try stream.takeNextOnLoop() { return next.message }
        return try await stream.receive()
    }

    /// Sends the headers now. Optional; has no effect once they are sent.
    package func sendInitialMetadata(_ metadata: Metadata) {
        onLoop { self.sendHeaders(metadata) }
    }

    /// How the answer's messages are compressed; what the client does not take is identity. To be set before anything is
    /// sent, on the call's executor only.
    package var responseCompression: MessageCompression {
        get {
            loop.preconditionInEventLoop()
            return compression
        }
        set {
            loop.preconditionInEventLoop()
            guard answer == .nothingSent else { return }
            compression = request.headers.acceptsGzip ? newValue : .identity
        }
    }

    /// Sends one message, and waits while too much is queued. Nothing is known of its arrival when this returns.
    ///
    /// - Parameter compressed: whether ``responseCompression`` is applied to this message.
    package nonisolated(nonsending) func send(_ message: RPCMessage, compressed: Bool = true) async throws {
        guard stream.connection.isOnLoop else {
            sendInitialMetadata([:])
            return try await stream.send(message, compressed: compressed)
        }
        if answer == .nothingSent { sendHeaders([:]) }
        if try !stream.sendOnLoop(message, compressed: compressed) { try await stream.waitForDrain() }
    }

    /// Metadata to go with the status at the end.
    package func setTrailingMetadata(_ metadata: Metadata) {
        onLoop { self.trailing = metadata }
    }

    // MARK: For the connection, on the loop

    /// Runs the handler to its end, unless the client has gone already.
    nonisolated(nonsending) func run() async {
        guard answer != .ended else { return }
        armDeadline()
        do {
            try await answerRequest()
            end(with: nil)
        } catch {
            end(with: Self.status(error))
        }
    }

    /// Answers a request that is there as a whole and whose route needs not wait for anything.
    ///
    /// - Returns: false where the handler is to run.
    func answerAtOnce() -> Bool {
        guard let immediate = request.route.immediate, answer == .nothingSent, let message = stream.onlyMessage else {
            return false
        }
        do {
            guard let response = try immediate(message, self) else { return false }
            stream.takeOnlyMessage()
            if answer == .nothingSent { sendHeaders([:]) }
            // Room in the queue is the next message's matter; there is none.
            _ = try stream.sendOnLoop(response, compressed: true)
            end(with: nil)
        } catch {
            end(with: Self.status(error))
        }
        return true
    }

    /// What a handler's error ends the call with.
    private static func status(_ error: any Error) -> RPCError {
        switch error {
        case let error as RPCError: error
        case is CancellationError: RPCError(.cancelled, "the call was cancelled")
        default: RPCError(.unknown, "\(error)")
        }
    }

    private nonisolated(nonsending) func answerRequest() async throws {
        let handler = request.route.handler
        guard let deadline else { return try await handler(self) }
        try await CallContext.$deadline.withValue(deadline) { try await handler(self) }
    }

    /// Ends the call with a status, `nil` for OK. Later endings are ignored.
    func end(with error: RPCError?) {
        loop.assertInEventLoop()
        guard answer != .ended else { return }
        let wasSilent = answer == .nothingSent
        answer = .ended
        deadlineTimer?.cancel()
        let session = stream.connection.session
        if error == nil && !wasSilent && trailing.isEmpty {
            session.finish(stream: stream.id, trailers: ResponseHeaders.plainEnd)
        } else {
            let block = ResponseHeaders.end(error, trailing: trailing, isWhole: wasSilent)
            if wasSilent {
                session.submitResponse(stream: stream.id, block, endStream: true)
            } else {
                session.finish(stream: stream.id, trailers: block)
            }
        }
        stream.closeOutbound(error)
        session.stopPeerAfterEnd(stream: stream.id)
        // What the client still sends goes to nobody.
        stream.fail(error ?? RPCError(.cancelled, "the call has ended"))
        stream.connection.schedulePump()
    }

    func received(_ data: ByteBuffer) { stream.received(data) }
    func finishInbound() { stream.finishInbound() }
    func drained() { stream.drained() }

    /// The stream is gone, whether or not the call had ended.
    func streamClosed(_ error: @autoclosure () -> RPCError) {
        // Then all of this was done already.
        if answer == .ended && task == nil { return }
        answer = .ended
        deadlineTimer?.cancel()
        stream.fail(error())
        task?.cancel()
    }

    private func sendHeaders(_ metadata: Metadata) {
        guard answer == .nothingSent else { return }
        answer = .headersSent
        stream.sends(compression)
        var block = ResponseHeaders.initial(compression: compression)
        if !metadata.isEmpty { metadata.append(to: &block) }
        stream.connection.session.submitResponse(stream: stream.id, block, endStream: false)
        stream.connection.schedulePump()
    }

    private func armDeadline() {
        guard let deadline else { return }
        let bound = NIOLoopBound(self, eventLoop: loop)
        deadlineTimer = loop.scheduleTask(deadline: deadline) {
            let error = RPCError(.deadlineExceeded, "the call's deadline has passed")
            bound.value.end(with: error)
            bound.value.task?.cancel()
        }
    }

    private func onLoop(_ body: @escaping @Sendable () -> Void) {
        if stream.connection.isOnLoop { body() } else { loop.execute(body) }
    }
}
