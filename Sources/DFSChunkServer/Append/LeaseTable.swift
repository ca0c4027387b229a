import DFSCore
import DFSWire

/// The leases of this server, and what the master is to hear of them: decisions only, no calls.
///
/// A lease counts from before it was asked for, and a tenth less than the master said; the master counts from its answer, and
/// a tenth more. So a clock may drift by nearly a tenth.
package struct LeaseTable {
    /// Chunks given up that the master has not heard of. Beyond that the oldest is left to its lease, which runs out.
    static let maxEnded = 4096

    private struct Held {
        let version: UInt64
        /// `nil` before the first grant, as the next one.
        var validUntil: MonotonicInstant?
        var renewalDue: MonotonicInstant?
    }

    package init() {}

    private var held: [ChunkID: Held] = [:]
    private var ended: [(id: ChunkID, version: UInt64, failed: [String])] = []

    /// Whether the master is to be told of chunks given up.
    package var hasEnded: Bool { !ended.isEmpty }

    /// The server wants to be the primary of a chunk.
    package mutating func want(_ id: ChunkID, version: UInt64) { held[id] = Held(version: version) }

    /// The master has refused, or knows no leases.
    package mutating func forget(_ id: ChunkID) { held[id] = nil }

    /// Whether the server may acknowledge, and let read, at this moment.
    package func isValid(_ id: ChunkID, version: UInt64, now: MonotonicInstant) -> Bool {
        guard let lease = held[id], lease.version == version, let end = lease.validUntil else { return false }
        return now < end
    }

    /// The server gives the chunk up.
    ///
    /// - Parameter failed: servers of it that did not take its bytes.
    package mutating func end(_ id: ChunkID, version: UInt64, failed: [String]) {
        if held[id]?.version == version { held[id] = nil }
        if ended.contains(where: { $0.id == id && $0.version == version }) { return }
        if ended.count == Self.maxEnded { ended.removeFirst() }
        ended.append((id, version, failed))
    }

    /// All that is to be asked for and told now.
    package func request(address: String, nodeID: String) -> RenewLeasesRequest {
        RenewLeasesRequest(
            serverAddress: address, nodeID: nodeID,
            held: held.map { OpenChunkVersion(chunkID: $0.key.text, version: $0.value.version) },
            ended: ended.map {
                EndedChunk(chunk: OpenChunkVersion(chunkID: $0.id.text, version: $0.version), failed: $0.failed)
            })
    }

    /// The master's answer to `request`, which was sent at `askedAt`.
    ///
    /// - Returns: chunks that the server is no longer the primary of.
    package mutating func apply(
        _ answer: RenewLeasesResponse, to request: RenewLeasesRequest, askedAt: MonotonicInstant
    ) -> [ChunkID] {
        let told = Set(request.ended.map { "\($0.chunk.version) \($0.chunk.chunkID)" })
        ended.removeAll { told.contains("\($0.version) \($0.id.text)") }
        let length = Duration.milliseconds(Int64(answer.leaseMilliseconds))
        var lost: [ChunkID] = []
        for text in answer.refused {
            // One that was never granted is refused to who asks for it.
            if let id = try? ChunkID(text), held.removeValue(forKey: id)?.validUntil != nil { lost.append(id) }
        }
        for lease in answer.granted {
            guard let id = try? ChunkID(lease.chunk.chunkID), let own = held[id] else { continue }
            if own.version != lease.chunk.version {
                held[id] = nil
                lost.append(id)
            } else {
                let end = askedAt + length * 9 / 10
                held[id]?.validUntil = max(end, own.validUntil ?? end)
                held[id]?.renewalDue = askedAt + length / 3
            }
        }
        return lost
    }

    /// Drops leases that have run out; says which.
    package mutating func expire(now: MonotonicInstant) -> [ChunkID] {
        let over = held.filter { $0.value.validUntil.map { $0 <= now } ?? false }.keys
        for id in over { held[id] = nil }
        return Array(over)
    }

    /// How long until the leases are to be renewed, all in one call; `nil` where there is none.
    package func timeToRenewal(now: MonotonicInstant) -> Duration? {
        held.values.compactMap(\.renewalDue).min().map { $0 - now }
    }
}
