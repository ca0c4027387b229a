import DFSChunkStore
import DFSCore
import DFSServices
import DFSWire
import RPC
import Synchronization

/// One Inventory.Keep call, from opening to end: heartbeats to a master that takes differences.
///
/// A session begins with a full report, and another one follows where the master asks for it. Within one stream requests arrive
/// in order and once, so a difference can only be lost together with the stream, and with it all that the next session does not
/// tell anew.
final class InventoryStream: Sendable {
    /// Chunks in one request: some milliseconds of work for the master.
    static let pageCount = 2000
    /// A master that is not content with what it has just been told hears it all again no sooner than this.
    static let repeatedReportPause = Duration.seconds(30)

    private struct Answers {
        var count = 0
        var wantsFullReport = false
    }

    let session: MasterSession
    let kind: PeerKind
    private let answers = Mutex(Answers())

    init(session: MasterSession, kind: PeerKind) {
        self.session = session
        self.kind = kind
    }

    /// Returns after ``MasterSession/stop()``; throws when the stream is lost.
    func run() async throws {
        let options = CallOptions(
            metadata: [:], maxReceiveMessageBytes: InventoryResponse.maxByteCount,
            maxSendMessageBytes: InventoryRequest.maxByteCount)
        defer { session.store.unfollow() }
        session.tasks.forgetOrders { id in session.store.withCatalog { $0.isOpen(id) } }
        try await session.keep(Methods.keepInventory, options, reading: readResponses, sending: sendRequests)
    }

    private func readResponses(_ call: ClientCall) async throws {
        while let response = try await call.receive(InventoryResponse.self) {
            session.tasks.accept(
                copies: response.replicationTasks, deletions: response.deleteTasks, fromGoMaster: false)
            session.noteUnwanted(response.unwantedChunks)
            guard response.isAnswer || response.wantsFullReport else { continue }
            answers.withLock { answers in
                if response.isAnswer { answers.count += 1 }
                if response.wantsFullReport { answers.wantsFullReport = true }
            }
            session.changes.session.ring()
        }
    }

    /// Sends a heartbeat whenever one is due, and a last one when the session is to stop.
    private func sendRequests(_ call: ClientCall) async throws {
        var pacer = HeartbeatPacer(interval: session.heartbeatInterval, isGoMaster: false, now: session.clock.now)
        var digest = InventoryDigest(key: .init(low: 0, high: 0))
        var sentCount = 0
        var repeatedAt: MonotonicInstant?
        var isFirst = true
        var isLast = session.isStopping
        while !isLast {
            isLast = session.isStopping
            // What changes while the list is made is sent with the next heartbeat.
            let revision = session.store.withCatalog { $0.revision }
            var hasMore = false
            if isFirst || mayRepeat(repeatedAt) {
                if !isFirst { repeatedAt = session.clock.now }
                digest = try await sendFullReport(call, &sentCount, isFirst: isFirst)
            } else {
                hasMore = try await sendDifference(call, &digest)
                sentCount += 1
            }
            pacer.sent(revision: revision, now: session.clock.now, random: .random(in: 0...1))
            try await session.reportUnconfirmed()
            isFirst = false
            if !isLast, !hasMore { try await session.waitUntilDue(&pacer) }
        }
    }

    /// Whether the master asks for a full report, and has not had one just now.
    private func mayRepeat(_ last: MonotonicInstant?) -> Bool {
        if let last, session.clock.now - last < Self.repeatedReportPause { return false }
        return answers.withLock { answers in
            defer { answers.wantsFullReport = false }
            return answers.wantsFullReport
        }
    }

    /// Tells of all chunks, a page at a time: each waits for the answer to the one before, so that the master never holds more
    /// than one page of each server.
    private func sendFullReport(
        _ call: ClientCall, _ sentCount: inout Int, isFirst: Bool
    ) async throws -> InventoryDigest {
        let store = session.store
        let key = InventoryDigest.Key(low: .random(in: 0 ... .max), high: .random(in: 0 ... .max))
        let (all, digest) = try await session.reportThreads.run {
            let all = store.follow()
            var digest = InventoryDigest(key: key)
            for chunk in all { digest.insert(chunk.id) }
            return (all, digest)
        }
        var start = 0
        repeat {
            let end = min(start + Self.pageCount, all.count)
            var request = try await heartbeat()
            if start == 0 {
                request.begins = true
                (request.keyLow, request.keyHigh) = (key.low, key.high)
            }
            request.added = all[start..<end].map { HeldChunk($0.id, $0.stored) }
            request.isPartial = end < all.count
            if !request.isPartial { request.note(digest) }
            try await call.send(request)
            sentCount += 1
            // From here on finished uploads report themselves; what finished before is in the report.
            if isFirst, start == 0 { session.state.withLock { $0.kind = kind } }
            start = end
            try await waitForAnswers(sentCount)
        } while start < all.count
        session.state.withLock { $0.fullReports += 1 }
        return digest
    }

    private func waitForAnswers(_ count: Int) async throws {
        while answers.withLock({ $0.count }) < count {
            await session.changes.session.wait()
            try Task.checkCancellation()
        }
    }

    /// Tells what has changed since the last request.
    ///
    /// - Returns: whether there may be more than went into one.
    private func sendDifference(_ call: ClientCall, _ digest: inout InventoryDigest) async throws -> Bool {
        var request = try await heartbeat()
        let changes = session.store.takeChanges(limit: Self.pageCount)
        for change in changes {
            switch (change.wasStored, change.stored) {
            case (true, let stored?): request.changed.append(HeldChunk(change.id, stored))
            case (false, let stored?):
                request.added.append(HeldChunk(change.id, stored))
                digest.insert(change.id)
            case (true, nil):
                request.removed.append(change.id.text)
                digest.remove(change.id)
            case (false, nil): continue
            }
        }
        request.note(digest)
        try await call.send(request)
        session.state.withLock { $0.differences += 1 }
        return changes.count == Self.pageCount
    }

    /// A request without chunks.
    private func heartbeat() async throws -> InventoryRequest {
        let freeMiB = try await session.disk.freeMiB()
        return InventoryRequest(
            serverAddress: session.address, nodeID: session.nodeID, tlsPort: UInt32(session.tlsPort),
            freeBytes: UInt64(max(0, freeMiB)) << 20)
    }
}

extension InventoryRequest {
    fileprivate mutating func note(_ digest: InventoryDigest) {
        digestLow = digest.low
        digestHigh = digest.high
        count = digest.count
    }
}

extension HeldChunk {
    fileprivate init(_ id: ChunkID, _ stored: ChunkCatalog.Stored) {
        self.init(
            chunkID: id.text, isVerified: stored.crc32c != nil, length: UInt64(stored.length),
            crc32c: stored.crc32c ?? 0, isAdopted: stored.isAdopted)
    }
}
