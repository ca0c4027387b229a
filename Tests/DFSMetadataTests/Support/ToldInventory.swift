import DFSCore

@testable import DFSMetadata

/// The end of a session at a server that tells differences: what it takes the master to know.
struct ToldInventory {
    let address: ServerAddress
    let nodeID: String
    var life: UInt64 = 0
    private(set) var digest = InventoryDigest(key: .init(low: 0, high: 0))
    /// What the master was told, and whether with a digest.
    private(set) var told: [ChunkID: Bool] = [:]
    /// Those that it did not write.
    var adopted: Set<ChunkID> = []

    init(_ address: ServerAddress, life: UInt64 = 0, nodeID: String? = nil) {
        self.address = address
        self.nodeID = nodeID ?? MasterHarness.nodeID(of: address)
        self.life = life
    }

    var stream: StreamToken { MasterHarness.stream(of: address, life: life) }

    private var heartbeat: InventoryReport {
        InventoryReport(
            address: address, nodeID: nodeID,
            connection: MasterHarness.connection(of: address, life: life),
            freeBytes: 1 << 40)
    }

    private func record(_ id: ChunkID, _ digest: Digest?) -> InventoryReport.Held {
        InventoryReport.Held(id: id, digest: digest, isAdopted: digest != nil && adopted.contains(id))
    }

    /// All that the server holds, in parts of so many chunks.
    mutating func fullReport(
        _ chunks: [ChunkID: Digest?], key: UInt64 = 7, pageCount: Int = 2000
    ) -> [InventoryReport] {
        digest = InventoryDigest(key: .init(low: key, high: ~key))
        told = chunks.mapValues { $0 != nil }
        let held = chunks.sorted { $0.key < $1.key }.map { record($0.key, $0.value) }
        for chunk in held { digest.insert(chunk.id) }
        var parts: [InventoryReport] = []
        for start in stride(from: 0, to: max(1, held.count), by: pageCount) {
            var part = heartbeat
            part.added = Array(held[start..<min(start + pageCount, held.count)])
            parts.append(part)
        }
        parts[0].key = digest.key
        parts[parts.count - 1].sum = .init(digest)
        return parts
    }

    /// What has changed since.
    mutating func difference(_ chunks: [ChunkID: Digest?]) -> InventoryReport {
        var report = heartbeat
        for (id, content) in chunks.sorted(by: { $0.key < $1.key }) {
            let held = record(id, content)
            guard let isVerified = told[id] else {
                report.added.append(held)
                digest.insert(id)
                continue
            }
            if !isVerified, content != nil { report.changed.append(held) }
        }
        for id in told.keys.sorted() where chunks[id] == nil {
            report.removed.append(id)
            digest.remove(id)
        }
        told = chunks.mapValues { $0 != nil }
        report.sum = .init(digest)
        return report
    }
}

extension MasterHarness {
    /// Gives the parts of a report, or a difference, and returns all effects.
    mutating func take(_ reports: [InventoryReport], on stream: StreamToken) -> [Effect] {
        reports.flatMap { step(.inventory($0, stream)) }
    }
}

extension [Effect] {
    /// Whether a server is asked for a full report.
    var wantFullReport: Bool {
        contains { if case .heartbeatResponse(_, let batch) = $0 { batch.wantsFullReport } else { false } }
    }
}
