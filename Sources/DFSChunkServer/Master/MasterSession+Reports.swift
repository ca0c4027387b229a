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
            _ = try await report(Array(all[start..<min(all.count, start + Self.pageSize)]), limit: .seconds(30))
        }
    }

    /// Tells a Swift master again of chunks that it did not confirm.
    func reportUnconfirmed() async throws {
        let waiting = state.withLock { $0.unconfirmed }
        if waiting.isEmpty { return }
        let known = store.withCatalog { catalog in
            waiting.prefix(Self.pageSize).map { id in (id, catalog.stored(id)?.digest) }
        }
        let gone = known.filter { $0.1 == nil }.map(\.0)
        state.withLock { $0.unconfirmed.subtract(gone) }
        let page = known.compactMap { id, digest in digest.map { (id, $0) } }
        if !page.isEmpty { _ = try await report(page, limit: .seconds(30)) }
    }

    /// Reports chunks and quarantines those that the master does not want.
    ///
    /// - Parameter syncedOn: with one chunk, Go servers that have taken all of it from here.
    /// - Returns: the ids that it does not want.
    func report(
        _ chunks: [(ChunkID, ContentDigest)], syncedOn: [ServerAddress] = [], limit: Duration
    ) async throws -> Set<ChunkID> {
        let request = ReportRequest(
            serverAddress: address, nodeID: nodeID,
            chunks: chunks.map { id, digest in
                ChunkDigest(chunkID: id.text, length: UInt64(digest.length), crc32c: digest.crc32c)
            }, tlsPort: UInt32(tlsPort), syncedOn: syncedOn.map(\.description))
        let response = try await peer.unary(
            Methods.report, request, as: ReportResponse.self, options: CallOptions(timeout: limit))
        let previous = state.withLock { state in
            state.unconfirmed.subtract(chunks.map(\.0))
            defer { state.clusterID = response.clusterID }
            return state.clusterID
        }
        if !previous.isEmpty, previous != response.clusterID {
            logger.warning(
                "the master's cluster has changed", metadata: ["before": "\(previous)", "now": "\(response.clusterID)"])
        }
        // Only what was reported can be unwanted: an answer must not reach other chunks.
        let unwanted = Set(response.unwantedChunks).intersection(chunks.map(\.0.text))
        var ids: Set<ChunkID> = []
        for text in unwanted { ids.insert(try ChunkID(text)) }
        for id in ids { await quarantineUnwanted(id) }
        return ids
    }

    private func quarantineUnwanted(_ id: ChunkID) async {
        logger.error(
            "the master knows other bytes for a chunk: this copy goes to quarantine", metadata: ["chunk": "\(id)"])
        let store = store
        do {
            _ = try await threads.run { try store.quarantine(id, .doubtful) }
        } catch {
            logger.error("cannot quarantine a chunk", metadata: ["chunk": "\(id)", "error": "\(error)"])
        }
        changes.ring()
    }
}
