import DFSChunkStore
import DFSCore
import RPC

// What the two kinds of heartbeat stream have in common.
extension MasterSession {
    /// How long the master may take to end the stream after our half-close.
    private static let closingLimit = Duration.seconds(3)

    private enum StreamPart { case responses, requests, limit }

    /// Keeps one call open, with one task that reads and one that sends. The stream is half-closed before it is left.
    ///
    /// Returns after ``stop()``; throws when the stream is lost.
    func keep(
        _ path: MethodPath, _ options: CallOptions, reading: @escaping @Sendable (ClientCall) async throws -> Void,
        sending: @escaping @Sendable (ClientCall) async throws -> Void
    ) async throws {
        try await peer.channel.withCall(path, options) { [self] call in
            try await withThrowingTaskGroup(of: StreamPart.self) { group in
                defer { group.cancelAll() }
                group.addTask {
                    try await reading(call)
                    return .responses
                }
                group.addTask {
                    try await sending(call)
                    call.finishSending()
                    return .requests
                }
                while let ended = try await group.next() {
                    switch ended {
                    case .requests:
                        group.addTask {
                            try await Task.sleep(for: Self.closingLimit)
                            return .limit
                        }
                    case .responses where isStopping, .limit:
                        return
                    case .responses:
                        throw DFSError(.unavailable, "\(peer.name) ended the heartbeat stream")
                    }
                }
            }
        }
    }

    /// Returns when the next heartbeat is due, or the session is to stop.
    func waitUntilDue(_ pacer: inout HeartbeatPacer) async throws {
        while !isStopping {
            let soleArrivals = state.withLock { $0.soleArrivals }
            let changes = store.withCatalog { catalog in
                HeartbeatPacer.Changes(
                    revision: catalog.revision, arrivals: catalog.arrivals, soleArrivals: soleArrivals,
                    isReceiving: catalog.isReceiving)
            }
            pacer.observe(changes, now: clock.now)
            let delay = pacer.delay(now: clock.now)
            if delay <= .zero { return }
            if delay <= HeartbeatPacer.minimumSpacing {
                // Nothing that happens makes it due sooner, so that nothing need wake this.
                try await Task.sleep(for: delay)
            } else {
                await self.changes.session.wait(atMost: delay)
                try Task.checkCancellation()
            }
        }
    }
}
