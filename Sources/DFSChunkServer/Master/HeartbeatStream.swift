import DFSCore
import DFSServices
import DFSWire
import RPC

/// One Heartbeat call, from opening to end.
///
/// Every response is read, and the stream is half-closed before it is left: a Go master that fails to send a response
/// freezes for ever.
struct HeartbeatStream: Sendable {
    /// How long the master may take to end the stream after our half-close.
    private static let closingLimit = Duration.seconds(3)

    private enum Part { case responses, requests, limit }

    let session: MasterSession
    let kind: PeerKind

    /// Returns after ``MasterSession/stop()``; throws when the stream is lost.
    func run() async throws {
        let options = CallOptions(
            metadata: [:], maxReceiveMessageBytes: HeartbeatResponse.maxByteCount,
            maxSendMessageBytes: HeartbeatRequest.maxByteCount)
        try await session.peer.channel.withCall(Methods.heartbeat, options) { call in
            try await withThrowingTaskGroup(of: Part.self) { group in
                defer { group.cancelAll() }
                group.addTask {
                    try await readResponses(call)
                    return .responses
                }
                group.addTask {
                    try await sendRequests(call)
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
                    case .responses where session.isStopping, .limit:
                        return
                    case .responses:
                        throw DFSError(.unavailable, "\(session.peer.name) ended the heartbeat stream")
                    }
                }
            }
        }
    }

    private func readResponses(_ call: ClientCall) async throws {
        while let response = try await call.receive(HeartbeatResponse.self) {
            session.tasks.accept(response, fromGoMaster: !kind.isSwift)
        }
    }

    /// Sends a heartbeat whenever one is due, and a last one when the session is to stop.
    private func sendRequests(_ call: ClientCall) async throws {
        var pacer = HeartbeatPacer(
            interval: session.heartbeatInterval, isGoMaster: !kind.isSwift, now: session.clock.now)
        var isFirst = true
        var isLast = session.isStopping
        while !isLast {
            isLast = session.isStopping
            let (request, revision) = try await session.heartbeat(for: kind)
            try await call.send(request)
            pacer.sent(revision: revision, now: session.clock.now, random: .random(in: 0...1))
            if kind.isSwift { try await report(isFirst: isFirst) }
            if isFirst { session.state.withLock { $0.kind = kind } }
            isFirst = false
            if !isLast { try await waitUntilDue(&pacer) }
        }
    }

    private func report(isFirst: Bool) async throws {
        if isFirst {
            // From here on finished uploads report themselves; what finished before is in the list of all.
            session.state.withLock { $0.kind = kind }
            try await session.reportAll()
        } else {
            try await session.reportUnconfirmed()
        }
    }

    private func waitUntilDue(_ pacer: inout HeartbeatPacer) async throws {
        while !session.isStopping {
            let soleArrivals = session.state.withLock { $0.soleArrivals }
            let changes = session.store.withCatalog { catalog in
                HeartbeatPacer.Changes(
                    revision: catalog.revision, arrivals: catalog.arrivals, soleArrivals: soleArrivals,
                    isReceiving: catalog.isReceiving)
            }
            pacer.observe(changes, now: session.clock.now)
            let delay = pacer.delay(now: session.clock.now)
            if delay == .zero { return }
            await session.changes.session.wait(atMost: delay)
            try Task.checkCancellation()
        }
    }
}
