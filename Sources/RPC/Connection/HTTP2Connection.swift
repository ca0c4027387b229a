import HTTP2
import NIOCore

/// What a connection tells the client's or the server's side of gRPC.
protocol HTTP2ConnectionOwner: AnyObject {
    func handle(_ event: HTTP2Event)
    /// Bytes have come: to be taken in by ``HTTP2Connection/takeNextInput()`` until nothing is left.
    func takeInput()
    /// Bytes have come, and what they mean was handled.
    func bytesReceived()
    /// The last call: every stream is gone.
    func connectionClosed(reason: String)
}

extension HTTP2ConnectionOwner {
    func bytesReceived() {}
}

/// Moves bytes between one transport and one HTTP/2 session, and events to its owner. Lives on the event loop.
final class HTTP2Connection: TransportReceiver {
    let eventLoop: any EventLoop
    let executor: EventLoopTaskExecutor
    let session: HTTP2Session
    /// Under TLS. It decrypts into a buffer that it uses again once nobody holds it; of one that is held it copies the whole.
    let isSecure: Bool
    /// Both are dropped when the transport has closed.
    private var transport: (any ByteTransport)?
    private var owner: (any HTTP2ConnectionOwner)?
    private var isPumpScheduled = false
    /// Bytes are being handed out; ``readCompleted()`` follows.
    private var isReceiving = false
    /// Something was submitted meanwhile.
    private var isPumpWanted = false
    private enum Life {
        case open
        /// All was said; the transport closes when the peer has taken it. What still comes is dropped.
        case finishing
        case closing
    }

    private var life = Life.open
    private var fault: String?
    /// Times that bytes have come from the peer.
    private(set) var readCount: UInt64 = 0
    private(set) var statistics = ConnectionStatistics()
    let unfinishedMessages: UnfinishedMessages
    /// Bytes that the calls together may have queued for the peer; `nil` is without limit.
    var maxQueuedByteCount: Int?

    /// Bytes framed in one turn before the transport is asked again whether it takes more.
    private let turnByteCount: Int
    private static let plainTurnByteCount = 1 << 20
    /// Framed bytes that are worth a system call while there is more to read.
    private static let answersByteCount = 8192

    init(
        transport: any ByteTransport, executor: EventLoopTaskExecutor, role: HTTP2Session.Role, settings: HTTP2Settings
    ) throws {
        self.transport = transport
        self.eventLoop = transport.eventLoop
        self.executor = executor
        self.isSecure = transport.isSecure
        self.turnByteCount = transport.isSecure ? SocketBuffers.securedTurnByteCount : Self.plainTurnByteCount
        self.session = try HTTP2Session(role: role, settings: settings)
        unfinishedMessages = UnfinishedMessages(connectionWindow: settings.connectionWindow)
    }

    /// What requests on this connection say of it (RFC 9113 §8.3.1).
    var scheme: String { isSecure ? "https" : "http" }
    /// Whether the caller is on the connection's loop. Asked of the loop here: handing the loop out costs two counts of references.
    var isOnLoop: Bool { eventLoop.inEventLoop }
    var peerHost: String { transport?.peerHost ?? "" }
    var isOpen: Bool { transport != nil && life == .open }

    /// So much is queued for the peer that each call is to wait at its low-water mark.
    var isCrowded: Bool { maxQueuedByteCount.map { session.queuedByteCount > $0 / 4 } ?? false }

    /// Counts the bytes that the socket has taken; `nil` while none wait for it.
    var stalledWritePosition: UInt64? {
        guard let waiting = transport?.queuedByteCount, waiting > 0 else { return nil }
        return statistics.bytesSent &- UInt64(waiting)
    }

    /// Starts talking: sends the preface and SETTINGS.
    func start(owner: any HTTP2ConnectionOwner) {
        self.owner = owner
        pump()
    }

    func received(_ buffer: ByteBuffer) {
        guard life == .open else { return }
        readCount &+= 1
        statistics.bytesReceived += UInt64(buffer.readableBytes)
        isReceiving = true
        session.give(buffer)
        owner?.takeInput()
        // What the library answers by itself: a stream that ends for an error gives back its part of the window before
        // more is read.
        if session.wantsToProduce { frameAnswers() }
        isReceiving = false
        session.rest()
        owner?.bytesReceived()
    }

    /// Takes in what has come from the peer, up to the end of one call's request or answer at the most, and tells the owner
    /// what it means. First it frames what the owner has said to what was taken in before: one call after the other, each
    /// up to its answer, so that what one needed is free again for the next.
    ///
    /// - Returns: false when nothing is left.
    func takeNextInput() -> Bool {
        if isPumpWanted { frameAnswers() }
        do {
            guard life == .open, try session.receiveNext() else { return false }
        } catch {
            fail("\(error)")
        }
        dispatch()
        return true
    }

    /// Frames what was submitted, and lets the peer have it when there is enough of it, so that it can go on while we do.
    private func frameAnswers() {
        guard life == .open, let transport, transport.isWritable else { return }
        isPumpWanted = false
        do {
            try session.frame(budget: turnByteCount)
        } catch {
            fail("\(error)")
        }
        dispatch()
        if session.outputByteCount >= Self.answersByteCount { write(session.takeOutput(), to: transport) }
    }

    /// Frames a request that is whole, so that its frames follow each other: the peer can answer it before it has read the
    /// next one. They are sent with the rest.
    func frameRequest() {
        guard life == .open, let transport, transport.isWritable, session.outputByteCount < turnByteCount else {
            return
        }
        do {
            try session.frame(budget: turnByteCount)
        } catch {
            fail("\(error)")
        }
    }

    func readCompleted() { pump() }

    func writabilityChanged() { if transport?.isWritable == true { pump() } }

    func transportClosed(reason: (any Error)?) {
        guard transport != nil else { return }
        transport = nil
        life = .closing
        let owner = self.owner
        self.owner = nil
        owner?.connectionClosed(reason: fault ?? reason.map { "\($0)" } ?? "the peer closed the connection")
    }

    /// Sends soon what was submitted: once per turn of the loop, however much is submitted in it.
    func schedulePump() {
        if isReceiving {
            isPumpWanted = true
            return
        }
        guard !isPumpScheduled, transport != nil else { return }
        isPumpScheduled = true
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        eventLoop.execute {
            bound.value.isPumpScheduled = false
            bound.value.pump()
        }
    }

    /// Tells the peer that it asks too much (RFC 9113 §7), and closes.
    func cutOff(_ reason: StaticString) {
        guard life == .open else { return close(reason: "\(reason)") }
        session.goAway(.enhanceYourCalm, reason: reason)
        close(reason: "\(reason)")
    }

    /// Closes now: what the socket takes at once is sent, the rest is lost. `reason` reaches the owner.
    func close(reason: String) {
        fault = fault ?? reason
        pump()
        closeTransport()
    }

    /// Closes when the peer has taken what waits, or has had time enough. For a connection without calls; `reason` reaches
    /// the owner.
    func finish(reason: String) {
        fault = fault ?? reason
        pump()
        finishTransport()
    }

    private func pump() {
        guard life == .open else { return }
        do {
            isPumpWanted = false
            while let transport, transport.isWritable {
                try session.frame(budget: turnByteCount)
                let byteCount = session.outputByteCount
                if byteCount > 0 { write(session.takeOutput(), to: transport) }
                // There is more where the turn ended for its budget, or where the owner had something to say.
                if !dispatch(), byteCount < turnByteCount { break }
            }
        } catch {
            fail("\(error)")
        }
        guard session.isFinished else { return }
        // The client closes first; a server that did might destroy what is on its way. Calls that are open are cut by a fault.
        let isInOrder = session.role == .server && session.openStreamCount == 0
        isInOrder ? finishTransport() : closeTransport()
    }

    private func write(_ buffers: [ByteBuffer], to transport: any ByteTransport) {
        for buffer in buffers { statistics.bytesSent += UInt64(buffer.readableBytes) }
        transport.write(buffers)
    }

    /// Why the peer is pinged: the payload of the ping, so that its answer is not taken for another one's.
    enum PingPurpose: UInt64 {
        /// To hear that it is there.
        case keepalive
        /// To know that it has heard of the end that was announced.
        case announcement
    }

    /// Asks the peer for a sign of life.
    func ping() {
        session.ping(payload: PingPurpose.keepalive.rawValue)
        schedulePump()
    }

    /// Tells the peer to open no more streams; ``PingPurpose/announcement`` is answered when it has heard of it.
    func announceShutdown() {
        session.announceShutdown(pinging: PingPurpose.announcement.rawValue)
        schedulePump()
    }

    /// A call has begun.
    func countCall() { statistics.callsStarted += 1 }

    /// - Returns: whether there were events.
    @discardableResult private func dispatch() -> Bool {
        guard let owner else { return false }
        var wereSome = false
        // An event may end the connection; those behind it are nobody's then.
        while self.owner != nil, let event = session.nextEvent() {
            owner.handle(event)
            wereSome = true
        }
        return wereSome
    }

    private func fail(_ reason: String) {
        fault = fault ?? reason
        closeTransport()
    }

    private func finishTransport() {
        guard life == .open, let transport else { return }
        life = .finishing
        // Without calls these are a few control frames: they need not wait until the transport is writable.
        try? session.frame(budget: .max)
        writeFramed(to: transport)
        transport.finish()
    }

    private func closeTransport() {
        guard life != .closing else { return }
        let wasOpen = life == .open
        life = .closing
        guard let transport else { return }
        if wasOpen { writeFramed(to: transport) }
        transport.close()
    }

    /// What is framed would be lost with the session.
    private func writeFramed(to transport: any ByteTransport) {
        if session.outputByteCount > 0 { write(session.takeOutput(), to: transport) }
    }
}
