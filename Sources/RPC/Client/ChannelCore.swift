import HTTP2
import Logging
import NIOCore

/// The state machine of a channel. Lives on the channel's event loop.
///
/// States (gRPC "Connectivity Semantics"): idle, connecting (to the server's SETTINGS), ready, backing off after a
/// failure, closed. A connection that drains is let go and finishes by itself.
final class ChannelCore {
    enum State {
        case idle
        case connecting
        case ready(ClientConnection)
        case backingOff(until: NIODeadline, RPCError)
        case closed
    }

    private struct Waiter {
        let continuation: UnsafeContinuation<Void, any Error>
        let waitsForReady: Bool
        let deadlineTimer: Scheduled<Void>?
    }

    private let connector: any TransportConnector
    private let authority: String
    private let executor: EventLoopTaskExecutor
    private let configuration: ClientChannel.Configuration
    private let logger: Logger
    private(set) var state = State.idle { didSet { onConnectivityChange?() } }
    /// For a balancer above; called in the middle of a change, so only to note that there is one.
    var onConnectivityChange: (() -> Void)?
    let connections = ConnectionCounter()
    private var failureCount = 0
    private var current: ClientConnection?
    private var waiters: [UInt64: Waiter] = [:]
    private var lastTicket: UInt64 = 0
    private var closeWaiters: [UnsafeContinuation<Void, Never>] = []

    init(
        connector: any TransportConnector, authority: String, executor: EventLoopTaskExecutor,
        configuration: ClientChannel.Configuration, logger: Logger
    ) {
        self.connector = connector
        self.authority = authority
        self.executor = executor
        self.configuration = configuration
        self.logger = logger
    }

    private var loop: any EventLoop { connector.eventLoop }

    /// A call on a ready connection; connects first where there is none.
    func open(_ path: MethodPath, _ options: CallOptions, deadline: NIODeadline?) async throws -> ClientCall {
        while true {
            if let call = try openNow(path, options, deadline: deadline) { return call }
            try await waitForConnection(waitsForReady: options.waitForReady, deadline: deadline)
        }
    }

    /// A call where a connection is ready, else `nil`.
    func openNow(
        _ path: MethodPath, _ options: CallOptions, deadline: NIODeadline?
    ) throws(RPCError) -> ClientCall? {
        guard case .ready(let connection) = state else { return nil }
        let limits = MessageLimits(
            receiveByteCount: configuration.maxReceiveMessageBytes, sendByteCount: configuration.maxSendMessageBytes,
            maxWaitingCalls: configuration.maxWaitingCalls)
        return try connection.open(path, options, deadline: deadline, limits: limits)
    }

    func close() async {
        if case .closed = state, current == nil { return }
        state = .closed
        failWaiters(RPCError(.cancelled, "the channel to \(authority) was closed"), all: true)
        guard let current else { return }
        await withUnsafeContinuation { continuation in
            closeWaiters.append(continuation)
            current.drain(reason: "the channel was closed")
        }
    }

    // MARK: Waiting

    private func waitForConnection(waitsForReady: Bool, deadline: NIODeadline?) async throws {
        switch state {
        case .closed: throw RPCError(.cancelled, "the channel to \(authority) was closed")
        case .backingOff(let until, let error) where NIODeadline.now() < until:
            if !waitsForReady { throw error.neverSent() }
            scheduleRetry(at: until)
        case .idle, .backingOff: connect()
        case .connecting, .ready: break
        }
        guard waiters.count < configuration.maxWaitingCalls else {
            throw RPCError(.resourceExhausted, "\(waiters.count) calls wait for \(authority) already")
        }
        lastTicket += 1
        let ticket = lastTicket
        let bound = NIOLoopBound(self, eventLoop: loop)
        try await withTaskCancellationHandler {
            try await withUnsafeThrowingContinuation { continuation in
                let timer = deadline.map { deadline in
                    loop.scheduleTask(deadline: deadline) {
                        let error = RPCError(.deadlineExceeded, "no connection to \(bound.value.authority) in time")
                        bound.value.failWaiter(ticket, error)
                    }
                }
                waiters[ticket] = Waiter(
                    continuation: continuation, waitsForReady: waitsForReady, deadlineTimer: timer)
            }
        } onCancel: {
            bound.execute { $0.failWaiter(ticket, RPCError(.cancelled, "the caller gave up waiting to connect")) }
        }
    }

    private func failWaiter(_ ticket: UInt64, _ error: RPCError) {
        guard let waiter = waiters.removeValue(forKey: ticket) else { return }
        waiter.deadlineTimer?.cancel()
        waiter.continuation.resume(throwing: error)
    }

    private func failWaiters(_ error: RPCError, all: Bool) {
        for (ticket, waiter) in waiters where all || !waiter.waitsForReady { failWaiter(ticket, error) }
    }

    private func wakeWaiters() {
        let ready = waiters
        waiters = [:]
        for waiter in ready.values {
            waiter.deadlineTimer?.cancel()
            waiter.continuation.resume()
        }
    }

    // MARK: Idling

    /// Lets a connection go that had no call since the last check.
    private func scheduleIdleCheck(callsSeen: UInt64) {
        guard let idleTimeout = configuration.idleTimeout, let current else { return }
        let bound = NIOLoopBound((self, current), eventLoop: loop)
        loop.scheduleTask(in: TimeAmount(idleTimeout)) {
            let (core, connection) = bound.value
            guard core.current === connection, case .ready = core.state else { return }
            let callsStarted = connection.connection.statistics.callsStarted
            if callsStarted == callsSeen, connection.openCallCount == 0 {
                connection.drain(reason: "no calls for \(idleTimeout)")
            } else {
                core.scheduleIdleCheck(callsSeen: callsStarted)
            }
        }
    }

    // MARK: Connecting

    func connect() {
        state = .connecting
        let bound = NIOLoopBound(self, eventLoop: loop)
        let timeout = TimeAmount(configuration.connectTimeout)
        let started = NIODeadline.now()
        connector.connect(timeout: timeout) { transport in
            try bound.value.attach(transport, handshakeDeadline: started + timeout)
        }.whenFailure { error in
            bound.value.attemptFailed(RPCError(connectingTo: bound.value.authority, error))
        }
    }

    private func attach(
        _ transport: any ByteTransport, handshakeDeadline: NIODeadline
    ) throws -> any TransportReceiver {
        guard case .connecting = state else { throw RPCError(.cancelled, "the channel was closed") }
        let connection = try HTTP2Connection(
            transport: transport, executor: executor, role: .client, settings: configuration.http2)
        let client = ClientConnection(connection: connection, authority: authority) {
            [weak self, weak connection] state, reason in
            guard let self, let connection else { return }
            self.changed(connection, to: state, reason)
        }
        current = client
        client.start(configuration.keepalive)
        let bound = NIOLoopBound(client, eventLoop: loop)
        loop.scheduleTask(deadline: handshakeDeadline) {
            guard bound.value.state == .handshaking else { return }
            bound.value.connection.close(reason: "no HTTP/2 SETTINGS from the server in time; is it a gRPC server?")
        }
        return connection
    }

    private func changed(_ connection: HTTP2Connection, to new: ClientConnection.State, _ reason: String) {
        guard let current, current.connection === connection else { return }
        switch new {
        case .handshaking: break
        case .ready:
            guard case .connecting = state else { return }
            failureCount = 0
            state = .ready(current)
            connections.enter()
            wakeWaiters()
            scheduleIdleCheck(callsSeen: 0)
        case .draining:
            connections.leave()
            if case .ready = state { state = .idle }
            // The next call makes a new connection; this one ends by itself.
            if case .closed = state { return }
            self.current = nil
            if !waiters.isEmpty { wakeWaiters() }
        case .closed:
            connections.leave()
            self.current = nil
            closed(reason)
        }
    }

    private func closed(_ reason: String) {
        switch state {
        case .connecting:
            attemptFailed(RPCError(.unavailable, "cannot connect to \(authority): \(reason)"))
        case .ready:
            logger.debug("connection lost", metadata: ["peer": "\(authority)", "reason": "\(reason)"])
            state = .idle
            wakeWaiters()
        case .closed:
            let waiting = closeWaiters
            closeWaiters = []
            for waiter in waiting { waiter.resume() }
        case .idle, .backingOff:
            break
        }
    }

    private func attemptFailed(_ error: RPCError) {
        guard case .connecting = state else { return }
        failureCount += 1
        current = nil
        let delay = configuration.backoff.delay(
            failureCount: failureCount, random: Double.random(in: -1...1))
        let until = NIODeadline.now() + TimeAmount(delay)
        state = .backingOff(until: until, error)
        logger.debug("cannot connect", metadata: ["peer": "\(authority)", "reason": "\(error.message)"])
        failWaiters(error.neverSent(), all: false)
        if !waiters.isEmpty { scheduleRetry(at: until) }
    }

    /// Calls that wait for ready are what keeps a channel trying.
    private func scheduleRetry(at time: NIODeadline) {
        let bound = NIOLoopBound(self, eventLoop: loop)
        loop.scheduleTask(deadline: time) {
            if case .backingOff = bound.value.state, !bound.value.waiters.isEmpty { bound.value.connect() }
        }
    }
}
