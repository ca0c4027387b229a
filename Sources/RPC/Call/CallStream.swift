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

    let connection: HTTP2Connection
    let id: Int32
    private let maxSendByteCount: Int
    private let maxReceiveByteCount: Int
    /// Where a compression was agreed on.
    private var codec: MessageCodec?
    private(set) var statistics = CallStatistics()
    /// A message that came whole and alone, as that of a unary call mostly does. It lies before the others.
    private var first: RPCMessage?
    private var firstByteCount = 0
    private var others: InboundMessages?
    /// The peer has ended its side behind what is not deframed.
    private var endsWhenDeframed = false
    private var charge = WindowCharge()
    /// What ``UnfinishedMessages`` knows of.
    private var unfinishedByteCount = 0
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
    }

    private var loop: any EventLoop { connection.eventLoop }

    // MARK: Receiving

    /// The next message; `nil` after the last one.
    ///
    /// - Throws: ``RPCError``: what ended the call, or `cancelled` when the calling task is cancelled.
    nonisolated(nonsending) func receive() async throws -> RPCMessage? {
        if let next = try takeNextOnLoop() { return next.message }
        if connection.isOnLoop { return try await waitForMessage() }
        return try await withTaskExecutorPreference(connection.executor) { try await self.receiveOnLoop() }
    }

    /// What ``receive()`` gives where it need not wait; `nil` where it must.
    func takeNextOnLoop() throws -> (message: RPCMessage?, Void)? { connection.isOnLoop ? try takeNext() : nil }

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
        if let next = popFirst() {
            returnCredit()
            let message = next.wasCompressed ? try open(next) : next
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

    /// The message of a peer that has sent one, whole and not compressed, and ended its side. It stays where it is.
    var onlyMessage: RPCMessage? {
        guard case .finished = inboundEnding, others == nil, let first, !first.wasCompressed else { return nil }
        return first
    }

    /// Counts ``onlyMessage`` as read.
    func takeOnlyMessage() { _ = try? takeNext() }

    private func popFirst() -> RPCMessage? {
        if let message = first.take() {
            firstByteCount = 0
            return message
        }
        guard let others, let message = others.popFirst() else { return nil }
        checkDeframed(others)
        _ = noteUnfinished(others.partialByteCount)
        return message
    }

    /// Decompressed one at a time as they are taken, so that what waits stays as small as it came.
    private func open(_ message: RPCMessage) throws -> RPCMessage {
        do {
            return try (codec ?? MessageCodec()).decompress(message, limit: maxReceiveByteCount)
        } catch {
            dropUnread()
            // Nobody is woken: whoever asked for this message gets the error from here, once.
            if case .open = inboundEnding { inboundEnding = .failed(error) }
            throw error
        }
    }

    /// How the peer compresses the messages that it marks, as its headers say.
    func receives(_ compression: MessageCompression) {
        if compression == .identity && codec == nil { return }
        codec = codec ?? MessageCodec()
        codec?.inbound = compression
    }

    /// How messages are compressed from now on, as our headers said.
    func sends(_ compression: MessageCompression) {
        if compression == .identity && codec == nil { return }
        codec = codec ?? MessageCodec()
        codec?.outbound = compression
    }

    /// Data of the stream has arrived.
    func received(_ data: ByteBuffer) {
        charge.byteCount += data.readableBytes
        guard case .open = inboundEnding else { return returnCredit() }
        if first == nil, others == nil,
            let message = MessagePrefix.readWhole(data, maxMessageByteCount: maxReceiveByteCount)
        {
            first = message
            firstByteCount = data.readableBytes
        } else {
            let others =
                others
                ?? InboundMessages(maxMessageByteCount: maxReceiveByteCount, copiesParts: connection.isSecure)
            self.others = others
            others.append(data)
            checkDeframed(others)
            guard noteUnfinished(others.partialByteCount) else { return failForRoom() }
        }
        wakeReceiver()
        returnCredit()
    }

    /// - Returns: false where there is no room for the message in progress.
    private func noteUnfinished(_ byteCount: Int) -> Bool {
        guard byteCount != unfinishedByteCount else { return true }
        defer { unfinishedByteCount = byteCount }
        return connection.unfinishedMessages.change(id, from: unfinishedByteCount, to: byteCount)
    }

    private func failForRoom() {
        dropUnread()
        failInbound(
            RPCError(
                .resourceExhausted,
                "the messages that are under way on this connection have more than \(UnfinishedMessages.maxByteCount) bytes"
            ))
        returnCredit()
    }

    /// To be called when bytes were cut into messages. Wakes nobody.
    private func checkDeframed(_ others: InboundMessages) {
        guard case .open = inboundEnding else { return }
        if let failure = others.failure {
            inboundEnding = .failed(failure)
        } else if endsWhenDeframed, others.isDeframed {
            finishDeframing()
        }
    }

    /// The peer has ended its side in order.
    func finishInbound() {
        guard case .open = inboundEnding else { return }
        if let others, !others.isDeframed { return endsWhenDeframed = true }
        finishDeframing()
        wakeReceiver()
    }

    private func finishDeframing() {
        if others?.isBetweenMessages ?? true {
            inboundEnding = .finished
        } else {
            inboundEnding = .failed(RPCError(.internalError, "the stream ended in the middle of a message"))
        }
    }

    private func dropUnread() {
        if first != nil { first = nil }
        firstByteCount = 0
        others = nil
        _ = noteUnfinished(0)
    }

    /// The reader gets the messages that are there, then `error`.
    func failInbound(_ error: @autoclosure () -> RPCError) {
        guard case .open = inboundEnding else { return }
        inboundEnding = .failed(error())
        wakeReceiver()
    }

    /// Ends both directions now: messages that nobody has read are dropped.
    func fail(_ error: @autoclosure () -> RPCError) {
        dropUnread()
        failInbound(error())
        if !isOutboundClosed || sender != nil { closeOutbound(error()) }
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
        connection.unfinishedMessages.leave(id)
        receiver.resume(throwing: RPCError(.cancelled, "the task that waited for a message was cancelled"))
    }

    /// Gives back what no longer waits for a reader. While somebody waits, a message in progress is given back as it
    /// comes: it may be larger than the window. ``UnfinishedMessages`` says whether the stream's window, too, is given back.
    func returnCredit() {
        guard charge.byteCount > 0 else { return }
        var held = firstByteCount
        var heldOfStream = 0
        if let others {
            held += others.waitingByteCount
            if case .open = inboundEnding, others.partialByteCount > 0 {
                if receiver == nil {
                    held += others.partialByteCount
                } else if !connection.unfinishedMessages.mayGrow(self) {
                    heldOfStream = others.partialByteCount
                }
            }
        }
        let credit = charge.settle(held: held, heldOfStream: heldOfStream)
        guard credit != WindowCharge.Credit() else { return }
        connection.session.consume(stream: id, byteCount: credit.both)
        connection.session.consumeOfStream(id, byteCount: credit.streamAlone)
        connection.session.consumeOfConnection(byteCount: credit.connectionAlone)
        connection.schedulePump()
    }

    // MARK: Sending

    /// Queues one message and waits until the queue has room again.
    ///
    /// A message for a call that has ended well is dropped: its answer is there to be received.
    /// - Parameter compressed: only where a compression was agreed on.
    /// - Throws: ``RPCError``: what ended the call, `resourceExhausted` for a message above the limit, or `cancelled`.
    nonisolated(nonsending) func send(_ message: RPCMessage, compressed: Bool) async throws {
        if connection.isOnLoop {
            if try !sendOnLoop(message, compressed: compressed) { try await waitForDrain() }
        } else {
            try await withTaskExecutorPreference(connection.executor) {
                try await self.sendFromLoop(message, compressed)
            }
        }
    }

    /// ``send(_:compressed:)`` on the loop, without the waiting.
    ///
    /// - Returns: whether there is room for more; if not, ``waitForDrain()`` is to follow.
    func sendOnLoop(_ message: RPCMessage, compressed: Bool) throws -> Bool {
        try enqueue(message, compressed)
        return isOutboundClosed || hasRoom
    }

    private var hasRoom: Bool {
        let queued = connection.session.queuedByteCount(stream: id)
        return queued <= (connection.isCrowded ? HTTP2Session.lowWaterMark : Self.highWaterMark)
    }

    private nonisolated(nonsending) func sendFromLoop(_ message: RPCMessage, _ compressed: Bool) async throws {
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
        if compressed, let codec, let whole = try codec.compress(message) {
            let prefix = MessagePrefix.make(messageByteCount: whole.readableBytes, isCompressed: true)
            connection.session.send(stream: id, head: prefix, whole)
        } else {
            let prefix = MessagePrefix.make(messageByteCount: count, isCompressed: false)
            connection.session.send(stream: id, head: prefix, message.first)
            for segment in message.others { connection.session.send(stream: id, segment) }
        }
        connection.schedulePump()
    }

    nonisolated(nonsending) func waitForDrain() async throws {
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
