import NIOCore

/// Pings that find out whether a silent peer is still there (gRFC A8 for clients, A9 for servers).
package struct Keepalive: Sendable {
    /// After this long without a byte from the peer it is pinged.
    package var time: Duration
    /// A peer that is then silent for this long is gone, and the connection is closed.
    package var timeout: Duration
    /// Whether a connection without calls is pinged too. Servers refuse that unless they were told otherwise.
    package var withoutCalls: Bool

    package init(time: Duration, timeout: Duration = .seconds(20), withoutCalls: Bool = false) {
        self.time = time
        self.timeout = timeout
        self.withoutCalls = withoutCalls
    }
}

/// Keeps one connection's ``Keepalive``. Lives on its event loop, and costs one timer, nothing for each frame.
final class KeepaliveWatch {
    private enum State {
        case listening
        case pinged(deadline: NIODeadline)
    }

    private let keepalive: Keepalive
    private unowned let connection: HTTP2Connection
    private let hasCalls: () -> Bool
    private var state = State.listening
    private var readsSeen: UInt64 = 0
    private var timer: Scheduled<Void>?

    /// Starts to watch; `hasCalls` is asked on the loop.
    init(_ keepalive: Keepalive, connection: HTTP2Connection, hasCalls: @escaping () -> Bool) {
        self.keepalive = keepalive
        self.connection = connection
        self.hasCalls = hasCalls
        schedule(in: keepalive.time)
    }

    /// Ends the watch. To be called before the connection goes.
    func stop() {
        timer?.cancel()
        timer = nil
    }

    private func schedule(in delay: Duration) {
        let bound = NIOLoopBound(self, eventLoop: connection.eventLoop)
        timer = connection.eventLoop.scheduleTask(in: TimeAmount(delay)) { bound.value.check() }
    }

    private func check() {
        let wasHeard = connection.readCount != readsSeen
        readsSeen = connection.readCount
        switch state {
        case _ where wasHeard:
            state = .listening
            schedule(in: keepalive.time)
        case .listening where keepalive.withoutCalls || hasCalls():
            state = .pinged(deadline: .now() + TimeAmount(keepalive.timeout))
            connection.ping()
            // Looks again before the deadline, so that an answered ping does not delay the next one.
            schedule(in: min(keepalive.time, keepalive.timeout))
        case .listening:
            schedule(in: keepalive.time)
        case .pinged(let deadline) where NIODeadline.now() < deadline:
            let left = Duration.nanoseconds((deadline - .now()).nanoseconds)
            schedule(in: min(keepalive.time, left))
        case .pinged:
            connection.close(reason: "the peer did not answer a keepalive ping")
        }
    }
}
