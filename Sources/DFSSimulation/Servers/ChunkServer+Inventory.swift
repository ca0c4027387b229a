import DFSChunkStore
import DFSCore
import DFSMetadata

/// What a server has told in its session with the master, after `InventoryStream`.
struct Telling {
    /// Of all that was told.
    var digest = InventoryDigest(key: .init(low: 0, high: 0))
    /// What the full report that is under way has still to tell; `nil` while none is.
    var rest: ArraySlice<InventoryReport.Held>?
    var wantsFullReport = false
    /// When a full report that the master asked for was sent last.
    var repeatedAt: MonotonicInstant?
}

// Heartbeats of our own servers: a full report a page at a time, each when the one before is answered, and differences from then on.
extension ChunkServer {
    /// Chunks in one request: few, so that reports have several pages.
    private static let pageCount = 40
    private static let changeLimit = 2000
    private static let repeatedReportPause = Duration.seconds(30)

    /// Opens a session: what the master knows counts no longer.
    func openStream() {
        lastStream += 1
        process.hasMaster = false
        process.telling = Telling()
        store?.unfollow()
        forgetOrders()
        process.pipe = HeartbeatPipe(
            simulation, token: StreamToken(rawValue: UInt64(number) << 32 | lastStream), address: address, party: party,
            take: { [unowned self] in take($0) }, lost: { [unowned self] in openStream() })
    }

    func beat() {
        sendHeartbeat()
        simulation.network.at(party, after: simulation.local(.seconds(5), at: party)) { [self] in beat() }
    }

    /// Something has changed: the next heartbeat comes soon.
    func noteChange() {
        simulation.network.at(party, after: simulation.dice.milliseconds(50...400)) { [self] in
            guard let store, store.withCatalog({ $0.revision }) != process.toldRevision else { return }
            sendHeartbeat()
        }
    }

    /// A heartbeat, and what is to be told beside it; none while the answer to a page is to come.
    private func sendHeartbeat() {
        guard let pipe = process.pipe, !pipe.isBroken, !process.isStopping, process.telling.rest == nil, let store
        else {
            return
        }
        process.toldRevision = store.withCatalog { $0.revision }
        if !process.hasMaster || mayRepeat() {
            beginFullReport(store)
        } else {
            sendDifference(store)
        }
        reportUnconfirmed()
    }

    private func mayRepeat() -> Bool {
        guard process.telling.wantsFullReport else { return false }
        if let last = process.telling.repeatedAt, clock - last < Self.repeatedReportPause { return false }
        process.telling.wantsFullReport = false
        process.telling.repeatedAt = clock
        return true
    }

    private func beginFullReport(_ store: ChunkStore) {
        let key = InventoryDigest.Key(low: simulation.dice.word(), high: simulation.dice.word())
        let all = store.follow().map { InventoryReport.Held($0.id, $0.stored) }.sorted { $0.id < $1.id }
        var digest = InventoryDigest(key: key)
        for chunk in all { digest.insert(chunk.id) }
        process.telling.digest = digest
        sendPage(of: all[...], key)
    }

    private func sendPage(of chunks: ArraySlice<InventoryReport.Held>, _ key: InventoryDigest.Key? = nil) {
        let rest = chunks.dropFirst(Self.pageCount)
        let sum = rest.isEmpty ? InventoryReport.Sum(process.telling.digest) : nil
        guard
            send({ report in
                report.key = key
                report.added = Array(chunks.prefix(Self.pageCount))
                report.sum = sum
            })
        else { return }
        process.telling.rest = rest
        // From here on finished uploads report themselves; what finished before is in the report.
        process.hasMaster = true
        process.hadMaster = true
    }

    /// The master has answered a request.
    private func goOnReporting() {
        guard let rest = process.telling.rest else { return }
        process.telling.rest = nil
        if rest.isEmpty { noteChange() } else { sendPage(of: rest) }
    }

    private func sendDifference(_ store: ChunkStore) {
        let changes = store.takeChanges(limit: Self.changeLimit).sorted { $0.id < $1.id }
        var (added, changed, removed) = ([InventoryReport.Held](), [InventoryReport.Held](), [ChunkID]())
        for change in changes {
            switch (change.wasStored, change.stored) {
            case (true, let stored?): changed.append(InventoryReport.Held(change.id, stored))
            case (false, let stored?):
                added.append(InventoryReport.Held(change.id, stored))
                process.telling.digest.insert(change.id)
            case (true, nil):
                removed.append(change.id)
                process.telling.digest.remove(change.id)
            case (false, nil): continue
            }
        }
        let sum = InventoryReport.Sum(process.telling.digest)
        _ = send { report in
            (report.added, report.changed, report.removed) = (added, changed, removed)
            report.sum = sum
        }
    }

    /// Sends a request. A disk that does not tell its free room ends the session, as all that its task throws.
    private func send(_ fill: (inout InventoryReport) -> Void) -> Bool {
        guard let pipe = process.pipe else { return false }
        guard case .success(let free) = onDisk({ store throws(DFSError) in try store.freeMiB() }) else {
            pipe.breakDown()
            return false
        }
        var report = InventoryReport(
            address: address, nodeID: nodeID, connection: ConnectionToken(rawValue: 0), freeBytes: UInt64(free) << 20)
        fill(&report)
        pipe.beat { [report] connection, stream in .inventory(report.sent(over: connection), stream) }
        return true
    }

    /// Takes what the master says on the stream.
    private func take(_ batch: TaskBatch) {
        for copy in batch.copies {
            _ = process.copies.submit(
                ReplicationTasks.Task(chunk: copy.chunk, target: copy.target), now: clock, isRepeater: false)
        }
        for chunk in batch.deletions { accept(chunk) }
        for chunk in batch.unwanted where store?.withCatalog({ $0.stored(chunk) }) != nil {
            examine(chunk, isUnwanted: true)
        }
        if batch.wantsFullReport { process.telling.wantsFullReport = true }
        if batch.isAnswer { goOnReporting() }
        if batch.wantsFullReport { sendHeartbeat() }
        carryOutCopies()
        carryOutDeletions()
    }
}

extension InventoryReport.Held {
    fileprivate init(_ id: ChunkID, _ stored: ChunkCatalog.Stored) {
        self.init(id: id, digest: stored.digest.map { Digest($0) }, isAdopted: stored.isAdopted)
    }
}

extension InventoryReport {
    /// The same, as it comes in over a connection.
    fileprivate func sent(over connection: ConnectionToken) -> InventoryReport {
        var report = InventoryReport(address: address, nodeID: nodeID, connection: connection, freeBytes: freeBytes)
        (report.key, report.added, report.changed) = (key, added, changed)
        (report.removed, report.sum) = (removed, sum)
        return report
    }
}
