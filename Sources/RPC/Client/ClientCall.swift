import HTTP2
import NIOCore

/// One call as its caller sees it. All four kinds of call are this.
///
/// States of the answer: waiting for headers, headers seen, ended with a status. A header block after the end, or data
/// before the first block, is the peer's fault and ends the call with INTERNAL.
///
/// - `@unchecked Sendable`: the stored properties that vary are touched on the connection's event loop only.
package final class ClientCall: @unchecked Sendable {
    private enum Answer {
        case waiting
        case headersSeen
        /// `nil`: OK.
        case ended(RPCError?)
    }

    private let stream: CallStream
    private var answer = Answer.waiting
    /// `nil` before the headers, and for ever where the answer is trailers-only.
    private var initial: Metadata?
    private var trailing: Metadata = [:]
    private var headersWaiters: [UnsafeContinuation<Void, Never>] = []
    private var deadlineTimer: Scheduled<Void>?
    private var isSendingFinished = false

    init(stream: CallStream) { self.stream = stream }

    private var loop: any EventLoop { stream.connection.eventLoop }
    private var session: HTTP2Session { stream.connection.session }

    /// Sends one message, and waits while too much is queued. Nothing is known of its arrival when this returns.
    ///
    /// - Parameter compressed: whether ``CallOptions/compression`` is applied to this message.
    /// - Throws: ``RPCError``: the status of a call that ended badly. After a call has ended well it does nothing.
    package nonisolated(nonsending) func send(_ message: RPCMessage, compressed: Bool = true) async throws {
        try await stream.send(message, compressed: compressed)
    }

    /// Half-closes: no message follows.
    package func finishSending() {
        onLoop {
            guard !self.isSendingFinished else { return }
            self.isSendingFinished = true
            self.session.finish(stream: self.stream.id)
            self.stream.connection.frameRequest()
            self.stream.connection.schedulePump()
        }
    }

    /// The server's headers, once they are here; those of a trailers-only answer are empty.
    ///
    /// - Throws: ``RPCError``: the status of a call that ended badly without headers.
    package nonisolated(nonsending) func initialMetadata() async throws -> Metadata {
        if loop.inEventLoop { return try await initialMetadataOnLoop() }
        return try await withTaskExecutorPreference(stream.connection.executor) {
            try await self.initialMetadataOnLoop()
        }
    }

    /// The server's next message; `nil` when the call has ended with OK.
    ///
    /// - Throws: ``RPCError``: any other status.
    package nonisolated(nonsending) func receive() async throws -> RPCMessage? {
        if let next = try stream.takeNextOnLoop() { return next.message }
        return try await stream.receive()
    }

    /// The server's trailers; empty before the call has ended. On the call's executor only.
    package var trailingMetadata: Metadata {
        loop.preconditionInEventLoop()
        return trailing
    }

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

    /// Ends the call now: the server is told, and whoever waits gets `cancelled`.
    package func cancel() {
        onLoop { self.abort(RPCError(.cancelled, "the caller cancelled the call")) }
    }

    // MARK: For the connection, on the loop

    func armDeadline(_ deadline: NIODeadline?) {
        guard let deadline else { return }
        let bound = NIOLoopBound(self, eventLoop: loop)
        deadlineTimer = loop.scheduleTask(deadline: deadline) {
            bound.value.abort(RPCError(.deadlineExceeded, "the call's deadline has passed"))
        }
    }

    func received(_ block: HeaderBlock, isEnd: Bool) {
        if block.isTruncated {
            return abort(RPCError(.resourceExhausted, "the server's headers are larger than this client takes"))
        }
        switch answer {
        case .waiting:
            guard let status = block.first(":status") else { return refuse("the answer has no :status") }
            if status.hasPrefix("1") && !isEnd { return }
            receivedFirst(block, httpStatus: status, isEnd: isEnd)
        case .headersSeen:
            guard isEnd else { return refuse("a second header block does not end the stream") }
            end(block, fallback: RPCError(.internalError, "the trailers have no grpc-status"))
        case .ended:
            break
        }
    }

    func received(_ data: ByteBuffer) {
        if case .waiting = answer {
            refuse("data came before the headers")
        }
        stream.received(data)
    }

    /// The peer ended its side without trailers.
    func finishInbound() {
        if case .ended = answer { return }
        finish(error: RPCError(.internalError, "the server ended the call without a status"))
    }

    func drained() { stream.drained() }

    /// The stream is gone. After a status that changes nothing.
    func streamClosed(_ error: RPCError) {
        if case .ended = answer {
            stream.closeOutbound(nil)
            return
        }
        finish(error: error)
        stream.fail(error)
    }

    private func receivedFirst(_ block: HeaderBlock, httpStatus: String, isEnd: Bool) {
        let isGRPC = block.firstBytes("content-type")?.starts(with: "application/grpc".utf8) ?? false
        guard httpStatus == "200", isGRPC || block.firstBytes("grpc-status") != nil else {
            let error = RPCError(httpStatus: httpStatus)
            // A grpc-status that is there counts, whatever the HTTP status (http-grpc-status-mapping).
            return isEnd ? end(block, fallback: error) : abort(error)
        }
        if let name = block.first("grpc-encoding") {
            guard let compression = MessageCompression(rawValue: name) else {
                return abort(RPCError(.internalError, "the server answers with grpc-encoding \(name), not asked for"))
            }
            stream.receives(compression)
        }
        if isEnd {
            end(block, fallback: RPCError(httpStatus: httpStatus))
        } else {
            answer = .headersSeen
            initial = Metadata(block)
            wakeHeadersWaiters()
        }
    }

    private func end(_ block: HeaderBlock, fallback: RPCError) {
        trailing = Metadata(block)
        guard let number = block.first("grpc-status").flatMap({ Int($0) }) else {
            return finish(error: fallback)
        }
        let message = block.firstBytes("grpc-message").map { PercentEncoding.decode($0) } ?? ""
        let code = RPCCode(rawValue: number) ?? .unknown
        var error = RPCError(code, message, metadata: trailing)
        error.retryPushback = block.first("grpc-retry-pushback-ms").map { RetryPushback($0) }
        finish(error: code == .ok ? nil : error)
    }

    private func finish(error: RPCError?) {
        if case .ended = answer { return }
        answer = .ended(error)
        deadlineTimer?.cancel()
        wakeHeadersWaiters()
        if let error { stream.failInbound(error) } else { stream.finishInbound() }
        stream.closeOutbound(error)
        // A server may end a call that is still sending; the stream must not stay half open.
        if !isSendingFinished {
            isSendingFinished = true
            session.reset(stream: stream.id, .cancel)
            stream.connection.schedulePump()
        }
    }

    private func refuse(_ what: String) { abort(RPCError(.internalError, "the server broke the protocol: \(what)")) }

    private func abort(_ error: RPCError) {
        if case .ended = answer {
            // The status is known, but messages may still wait for a reader who has gone.
            stream.fail(error)
            return
        }
        isSendingFinished = true
        finish(error: error)
        stream.fail(error)
        session.reset(stream: stream.id, .cancel)
        stream.connection.schedulePump()
    }

    private nonisolated(nonsending) func initialMetadataOnLoop() async throws -> Metadata {
        loop.preconditionInEventLoop()
        if case .waiting = answer {
            await withUnsafeContinuation { headersWaiters.append($0) }
        }
        if let initial { return initial }
        if case .ended(let error?) = answer { throw error }
        return [:]
    }

    private func wakeHeadersWaiters() {
        let waiters = headersWaiters
        headersWaiters = []
        for waiter in waiters { waiter.resume() }
    }

    private func onLoop(_ body: @escaping @Sendable () -> Void) {
        if loop.inEventLoop { body() } else { loop.execute(body) }
    }
}
