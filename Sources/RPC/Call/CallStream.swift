import DequeModule
import HTTP2
import NIOCore

/// The messages of one call, both ways: what client and server calls have in common.
///
/// Receiving: messages wait in an inbox whose bytes stay charged to the HTTP/2 windows until the reader takes them, so a
/// slow reader slows the sender and memory is bounded by the windows. Sending: a sender waits while more than
/// ``highWaterMark`` bytes of the stream are not yet on their way.
///
/// - `@unchecked Sendable`: every stored property is touched on `connection.eventLoop` only; the async entry points hop
///   there first.
final class CallStream: @unchecked Sendable {
    enum Ending {
        case open
        case finished
        case failed(RPCError)
    }

    static let highWaterMark = 1 << 20
    /// Messages cut out ahead of the reader. The window bounds their bytes, but an empty message takes five bytes of the
    /// window and many more of memory.
    private static let maxInboxCount = 256

    let connection: HTTP2Connection
    let id: Int32
    private let maxSendByteCount: Int
    private let maxReceiveByteCount: Int
    private var codec = MessageCodec()
    private(set) var statistics = CallStatistics()
    private var deframer: MessageDeframer
    private var inbox = Deque<(message: RPCMessage, byteCount: Int)>()
    private var inboxByteCount = 0
    /// What came while the inbox was full, as it came.
    private var backlog = InboundBacklog()
    /// The peer has ended its side behind what is in the backlog.
    private var endsAfterBacklog = false
    /// Received and not yet given back to the windows.
    private var chargedByteCount = 0
    private(set) var inboundEnding = Ending.open
    /// Why nothing more can be sent, where that is so.
    private var outboundFailure: RPCError?
    private var isOutboundClosed = false

    private var receiver: UnsafeContinuation<RPCMessage?, any Error>?
    private var receiveTicket = 0
    private var sender: UnsafeContinuation<Void, any Error>?
    private var sendTicket = 0

    init(connection: HTTP2Connection, id: Int32, maxReceiveByteCount: Int, maxSendByteCount: Int) {
        self.connection = connection
        self.id = id
        self.maxSendByteCount = maxSendByteCount
        self.maxReceiveByteCount = maxReceiveByteCount
        self.deframer = MessageDeframer(maxMessageByteCount: maxReceiveByteCount)
    }

    private var loop: any EventLoop { connection.eventLoop }

    // MARK: Receiving

    /// The next message; `nil` after the last one.
    ///
    /// - Throws: ``RPCError``: what ended the call, or `cancelled` when the calling task is cancelled.
    nonisolated(nonsending) func receive() async throws -> RPCMessage? {
        if loop.inEventLoop {
            if let next = try takeNext() { return next.message }
            return try await waitForMessage()
        }
        return try await withTaskExecutorPreference(connection.executor) { try await self.receiveOnLoop() }
    }

    private nonisolated(nonsending) func receiveOnLoop() async throws -> RPCMessage? {
        loop.preconditionInEventLoop()
        return try await receive()
    }

    private nonisolated(nonsending) func waitForMessage() async throws -> RPCMessage? {
        precondition(receiver == nil, "two tasks receive from one call at once")
        receiveTicket += 1
        let ticket = receiveTicket
        return try await withTaskCancellationHandler {
            try await withUnsafeThrowingContinuation { continuation in
                receiver = continuation
                returnCredit()
            }
        } onCancel: {
            loop.execute { self.cancelReceiver(ticket: ticket) }
        }
    }

    /// `.some(message: nil)` is the end; `nil` means that one must wait.
    private func takeNext() throws -> (message: RPCMessage?, Void)? {
        if let first = inbox.popFirst() {
            inboxByteCount -= first.byteCount
            deframe()
            returnCredit()
            let message = try open(first.message)
            statistics.messagesReceived += 1
            statistics.bytesReceived += message.readableBytes
            return (message, ())
        }
        switch inboundEnding {
        case .open: return nil
        case .finished: return (nil, ())
        case .failed(let error): throw error
        }
    }

    /// Decompressed one at a time as they are taken, so that what waits stays as small as it came.
    private func open(_ message: RPCMessage) throws -> RPCMessage {
        guard message.wasCompressed else { return message }
        do {
            return try codec.decompress(message, limit: maxReceiveByteCount)
        } catch {
            dropUnread()
            // Nobody is woken: whoever asked for this message gets the error from here, once.
            if case .open = inboundEnding { inboundEnding = .failed(error) }
            throw error
        }
    }

    /// How the peer compresses the messages that it marks, as its headers say.
    func receives(_ compression: MessageCompression) { codec.inbound = compression }

    /// How messages are compressed from now on, as our headers said.
    func sends(_ compression: MessageCompression) { codec.outbound = compression }

    /// Data of the stream has arrived.
    func received(_ data: ByteBuffer) {
        chargedByteCount += data.readableBytes
        guard case .open = inboundEnding else { return returnCredit() }
        backlog.append(data)
        deframe()
        wakeReceiver()
        returnCredit()
    }

    /// Fills the inbox from the backlog. Wakes nobody.
    private func deframe() {
        while inbox.count < Self.maxInboxCount, var data = backlog.popFirst() {
            do {
                try deframer.append(&data, maxCount: Self.maxInboxCount - inbox.count) { message, byteCount in
                    inbox.append((message, byteCount))
                    inboxByteCount += byteCount
                }
            } catch {
                backlog.removeAll()
                if case .open = inboundEnding { inboundEnding = .failed(error) }
                return
            }
            backlog.prepend(data)
        }
        if endsAfterBacklog, backlog.isEmpty { finishDeframing() }
    }

    /// The peer has ended its side in order.
    func finishInbound() {
        guard case .open = inboundEnding else { return }
        guard backlog.isEmpty else { return endsAfterBacklog = true }
        finishDeframing()
        wakeReceiver()
    }

    private func finishDeframing() {
        guard case .open = inboundEnding else { return }
        if deframer.isBetweenMessages {
            inboundEnding = .finished
        } else {
            inboundEnding = .failed(RPCError(.internalError, "the stream ended in the middle of a message"))
        }
    }

    private func dropUnread() {
        inbox.removeAll()
        inboxByteCount = 0
        backlog.removeAll()
    }

    /// The reader gets the messages that are there, then `error`.
    func failInbound(_ error: RPCError) {
        guard case .open = inboundEnding else { return }
        inboundEnding = .failed(error)
        wakeReceiver()
    }

    /// Ends both directions now: messages that nobody has read are dropped.
    func fail(_ error: RPCError) {
        dropUnread()
        failInbound(error)
        closeOutbound(error)
        returnCredit()
    }

    private func wakeReceiver() {
        guard let receiver else { return }
        do {
            guard let next = try takeNext() else { return }
            self.receiver = nil
            receiver.resume(returning: next.message)
        } catch {
            self.receiver = nil
            receiver.resume(throwing: error)
        }
    }

    private func cancelReceiver(ticket: Int) {
        guard ticket == receiveTicket, let receiver else { return }
        self.receiver = nil
        receiver.resume(throwing: RPCError(.cancelled, "the task that waited for a message was cancelled"))
    }

    /// Gives back what no longer waits for a reader. While somebody waits, a message in progress is given back as it
    /// comes: it may be larger than the window.
    private func returnCredit() {
        let isOpen = if case .open = inboundEnding { true } else { false }
        let held = inboxByteCount + backlog.byteCount + (receiver == nil && isOpen ? deframer.partialByteCount : 0)
        let credit = chargedByteCount - held
        guard credit > 0 else { return }
        chargedByteCount = held
        connection.session.consume(stream: id, byteCount: credit)
        connection.schedulePump()
    }

    // MARK: Sending

    /// Queues one message and waits until the queue has room again.
    ///
    /// A message for a call that has ended well is dropped: its answer is there to be received.
    /// - Parameter compressed: only where a compression was agreed on.
    /// - Throws: ``RPCError``: what ended the call, `resourceExhausted` for a message above the limit, or `cancelled`.
    nonisolated(nonsending) func send(_ message: RPCMessage, compressed: Bool) async throws {
        if loop.inEventLoop {
            try enqueue(message, compressed)
            if isOutboundClosed || hasRoom { return }
            try await waitForDrain()
        } else {
            try await withTaskExecutorPreference(connection.executor) { try await self.sendOnLoop(message, compressed) }
        }
    }

    private var hasRoom: Bool {
        let queued = connection.session.queuedByteCount(stream: id)
        return queued <= (connection.isCrowded ? HTTP2Session.lowWaterMark : Self.highWaterMark)
    }

    private nonisolated(nonsending) func sendOnLoop(_ message: RPCMessage, _ compressed: Bool) async throws {
        loop.preconditionInEventLoop()
        try await send(message, compressed: compressed)
    }

    private func enqueue(_ message: RPCMessage, _ compressed: Bool) throws {
        if let outboundFailure { throw outboundFailure }
        guard !isOutboundClosed else { return }
        let count = message.readableBytes
        guard count <= maxSendByteCount else {
            throw RPCError(
                .resourceExhausted, "a message of \(count) bytes is above this sender's limit of \(maxSendByteCount)")
        }
        if let limit = connection.maxQueuedByteCount, connection.session.queuedByteCount > limit {
            throw RPCError(
                .resourceExhausted, "more than \(limit) bytes wait for this client already; it must read its answers")
        }
        statistics.messagesSent += 1
        statistics.bytesSent += count
        let (segments, isCompressed) = try compressed ? codec.compress(message) : (message.segments, false)
        let sentCount = isCompressed ? segments.reduce(0) { $0 + $1.readableBytes } : count
        var prefix = MessagePrefix.make(messageByteCount: sentCount, isCompressed: isCompressed)
        for segment in segments {
            connection.session.send(stream: id, head: prefix, segment)
            prefix = .none
        }
        connection.schedulePump()
    }

    private nonisolated(nonsending) func waitForDrain() async throws {
        precondition(sender == nil, "two tasks send on one call at once")
        sendTicket += 1
        let ticket = sendTicket
        try await withTaskCancellationHandler {
            try await withUnsafeThrowingContinuation { continuation in
                sender = continuation
                connection.session.requestDrained(stream: id)
            }
        } onCancel: {
            loop.execute { self.cancelSender(ticket: ticket) }
        }
    }

    /// The queue has room again.
    func drained() {
        let waiting = sender
        sender = nil
        waiting?.resume()
    }

    private func cancelSender(ticket: Int) {
        guard ticket == sendTicket, let sender else { return }
        self.sender = nil
        sender.resume(throwing: RPCError(.cancelled, "the task that sent was cancelled"))
    }

    /// Nothing more is sent. With an error, later sends throw it; without, they are dropped.
    func closeOutbound(_ error: RPCError?) {
        if !isOutboundClosed {
            isOutboundClosed = true
            outboundFailure = error
        }
        let waiting = sender
        sender = nil
        if let error { waiting?.resume(throwing: error) } else { waiting?.resume() }
    }
}
