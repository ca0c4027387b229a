import DFSCore
import DFSServices
import DFSWire
import RPC

/// One Heartbeat call, from opening to end.
///
/// Every response is read, and the stream is half-closed before it is left: a Go master that fails to send a response
/// freezes for ever.
struct HeartbeatStream: Sendable {
    let session: MasterSession
    let kind: PeerKind

    /// Returns after ``MasterSession/stop()``; throws when the stream is lost.
    func run() async throws {
        let options = CallOptions(
            metadata: [:], maxReceiveMessageBytes: HeartbeatResponse.maxByteCount,
            maxSendMessageBytes: HeartbeatRequest.maxByteCount)
        try await session.keep(Methods.heartbeat, options, reading: readResponses, sending: sendRequests)
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
            if !isLast { try await session.waitUntilDue(&pacer) }
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
}
