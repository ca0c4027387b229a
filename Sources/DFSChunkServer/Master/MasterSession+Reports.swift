import DFSChunkStore
import DFSCore
import DFSServices
import DFSWire
import Logging
import RPC

extension MasterSession {
    /// Chunks in one report; as many as the master takes.
    private static let pageSize = 10_000

    /// Tells a Swift master of every chunk whose digest is known, and of the TLS port.
    func reportAll() async throws {
        let all = store.withCatalog { $0.digests.map { ($0.id, $0.digest) } }
        if all.isEmpty, tlsPort != 0 { _ = try await report([], limit: .seconds(30)) }
        for start in stride(from: 0, to: all.count, by: Self.pageSize) {
            try await reportOld(Array(all[start..<min(all.count, start + Self.pageSize)]))
        }
        try await reportUndeclaredDamage()
    }

    /// Tells a Swift master again of chunks that it did not confirm.
    func reportUnconfirmed() async throws {
        try await reportUndeclaredDamage()
        let waiting = state.withLock { $0.unconfirmed }
        if waiting.isEmpty { return }
        let known = store.withCatalog { catalog in
            waiting.prefix(Self.pageSize).map { id in (id, catalog.stored(id)?.digest) }
        }
        let gone = known.filter { $0.1 == nil }.map(\.0)
        state.withLock { $0.unconfirmed.subtract(gone) }
        let page = known.compactMap { id, digest in digest.map { (id, $0) } }
        if !page.isEmpty { try await reportOld(page) }
    }

    /// Reports chunks that have been here for a while. Those that the master does not want are read first: it may be their
    /// digest that has changed, and not their bytes.
    private func reportOld(_ chunks: [(ChunkID, ContentDigest)]) async throws {
        for id in try await report(chunks, limit: .seconds(30)) where !suspicions.note(id, .unwanted) {
            // It is reported again with the next heartbeat, and found unwanted then.
            state.withLock { _ = $0.unconfirmed.insert(id) }
        }
    }

    /// Tells a Swift master that a chunk was found damaged; again later, where it cannot be told now.
    func reportDamaged(_ id: ChunkID) async {
        state.withLock { state in
            if state.undeclaredDamage.count < Self.pageSize { state.undeclaredDamage.insert(id) }
        }
        guard isMasterSwift else { return }
        do {
            try await reportUndeclaredDamage()
        } catch {
            logger.warning("damage not reported yet", metadata: ["chunk": "\(id)", "error": "\(error)"])
        }
    }

    private func reportUndeclaredDamage() async throws {
        let damaged = state.withLock { $0.undeclaredDamage }
        if damaged.isEmpty { return }
        // One that a good copy has come for must not be told of any more: the master would take that for damaged.
        let missing = store.withCatalog { catalog in damaged.filter { catalog.stored($0) == nil } }
        _ = try await exchange(damaged: missing.sorted(), limit: .seconds(30))
        state.withLock { $0.undeclaredDamage.subtract(damaged) }
    }

    /// Which of these damaged chunks a Swift master can miss; none where there is no such master.
    func expendable(_ ids: [ChunkID]) async -> Set<ChunkID> {
        guard isMasterSwift, let answer = try? await exchange(keptDamaged: ids, limit: .seconds(30)) else { return [] }
        return Set(answer.expendableChunks.compactMap { try? ChunkID($0) }).intersection(ids)
    }

    /// Reports chunks.
    ///
    /// - Parameter syncedOn: with one chunk, Go servers that have taken all of it from here.
    /// - Returns: the ids that it does not want.
    func report(
        _ chunks: [(ChunkID, ContentDigest)], syncedOn: [ServerAddress] = [], limit: Duration
    ) async throws -> Set<ChunkID> {
        let response = try await exchange(chunks, syncedOn: syncedOn, limit: limit)
        state.withLock { $0.unconfirmed.subtract(chunks.map(\.0)) }
        // Only what was reported can be unwanted: an answer must not reach other chunks.
        let unwanted = Set(response.unwantedChunks).intersection(chunks.map(\.0.text))
        var ids: Set<ChunkID> = []
        for text in unwanted { ids.insert(try ChunkID(text)) }
        return ids
    }

    private func exchange(
        _ chunks: [(ChunkID, ContentDigest)] = [], syncedOn: [ServerAddress] = [], damaged: [ChunkID] = [],
        keptDamaged: [ChunkID] = [], limit: Duration
    ) async throws -> ReportResponse {
        let adopted = store.withCatalog { catalog in
            // One that has gone meanwhile proves nothing.
            Set(chunks.map(\.0).filter { catalog.stored($0)?.isAdopted != false })
        }
        let request = ReportRequest(
            serverAddress: address, nodeID: nodeID,
            chunks: chunks.map { id, digest in
                ChunkDigest(
                    chunkID: id.text, length: UInt64(digest.length), crc32c: digest.crc32c,
                    isAdopted: adopted.contains(id))
            }, tlsPort: UInt32(tlsPort), syncedOn: syncedOn.map(\.description), damagedChunks: damaged.map(\.text),
            keptDamagedChunks: keptDamaged.map(\.text))
        let response = try await peer.unary(
            Methods.report, request, as: ReportResponse.self, options: CallOptions(timeout: limit))
        noteCluster(response.clusterID)
        return response
    }

    /// The master has said which cluster this node is in.
    func noteCluster(_ id: String) {
        let previous = state.withLock { state in
            defer { state.clusterID = id }
            return state.clusterID
        }
        if !previous.isEmpty, previous != id {
            logger.warning("the master's cluster has changed", metadata: ["before": "\(previous)", "now": "\(id)"])
        }
    }

    /// A master that takes differences does not want copies that it was told of.
    func noteUnwanted(_ ids: [String]) {
        for text in ids {
            guard let id = try? ChunkID(text), store.withCatalog({ $0.stored(id) != nil }) else { continue }
            if !suspicions.note(id, .unwanted) { state.withLock { _ = $0.unconfirmed.insert(id) } }
        }
    }

    /// Takes a chunk that the master does not want out of service. Where that cannot be now, such as while a good copy of it is just
    /// coming in, it is reported again with the next heartbeat, and found unwanted then.
    func quarantineUnwanted(_ id: ChunkID, _ ground: DeletionGround) async {
        let store = store
        do {
            let removal = try await threads.run { try store.quarantine(id, ground) }
            if removal == .busy { reportAgain(id) }
        } catch {
            logger.error("cannot quarantine a chunk", metadata: ["chunk": "\(id)", "error": "\(error)"])
            // It is refused anew and read anew: on a disk that is full or read-only, not as fast as that goes. Reported behind the pause, since
            // the master's word of a chunk whose check is under way adds nothing.
            try? await Task.sleep(for: Self.failedQuarantinePause)
            reportAgain(id)
        }
        changes.ring()
    }

    /// After a chunk could not go to quarantine.
    private static let failedQuarantinePause = Duration.seconds(5)

    /// The chunk is reported with the next heartbeat, as one that the master has not confirmed.
    @inline(never)  // docs/decisions/0032
    func reportAgain(_ id: ChunkID) { state.withLock { _ = $0.unconfirmed.insert(id) } }
}
