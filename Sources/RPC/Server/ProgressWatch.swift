import HTTP2
import NIOCore

/// Finds out clients that hold something of the server's and do not go on. Lives on the connection's event loop, and
/// costs one timer, nothing for each frame.
final class ProgressWatch {
    /// One thing that must move: `position` is where it is, `nil` while there is nothing to wait for.
    private struct Stall {
        let limit: Duration?
        let reason: StaticString
        let position: () -> UInt64?
        var seen: UInt64?
        var since = NIODeadline.distantPast

        mutating func isTooLong(now: NIODeadline) -> Bool {
            let position = position()
            defer { seen = position }
            guard let limit, let position, position == seen else {
                since = now
                return false
            }
            return now - since >= TimeAmount(limit)
        }
    }

    private unowned let connection: HTTP2Connection
    private let interval: Duration
    private var stalls: [Stall]
    private var timer: Scheduled<Void>?

    /// Starts to watch. `hasGreeted` is asked on the loop.
    ///
    /// - Returns: `nil` where nothing is limited.
    init?(_ limits: ConnectionLimits, connection: HTTP2Connection, hasGreeted: @escaping () -> Bool) {
        self.connection = connection
        let session = connection.session
        stalls = [
            Stall(limit: limits.handshakeTimeout, reason: "no preface") { hasGreeted() ? nil : 0 },
            Stall(limit: limits.headersTimeout, reason: "headers without an end") { session.unfinishedHeaderBlock },
            Stall(limit: limits.stalledWriteTimeout, reason: "the client takes no bytes") { [unowned connection] in
                connection.stalledWritePosition
            },
            Stall(limit: limits.stalledAnswerTimeout, reason: "the client opens no window") {
                session.queuedByteCount > 0 ? session.framedByteCount : nil
            },
        ]
        guard let shortest = stalls.compactMap(\.limit).min() else { return nil }
        // Half of it, so that a stall is found out within twice its limit.
        interval = max(shortest / 2, .milliseconds(10))
        schedule()
    }

    /// Ends the watch. To be called before the connection goes.
    func stop() {
        timer?.cancel()
        timer = nil
    }

    private func schedule() {
        let bound = NIOLoopBound(self, eventLoop: connection.eventLoop)
        timer = connection.eventLoop.scheduleTask(in: TimeAmount(interval)) { bound.value.check() }
    }

    private func check() {
        let now = NIODeadline.now()
        for index in stalls.indices where stalls[index].isTooLong(now: now) {
            return connection.cutOff(stalls[index].reason)
        }
        schedule()
    }
}
