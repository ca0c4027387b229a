import DFSCore
import DFSMetadata
import DFSWire
import RPC

extension ServerReport {
    /// What a chunk server said. Entries of its folder that cannot be chunk ids are left out: they are nobody's chunks.
    ///
    /// - Throws: ``DFSError/Code/invalidArgument`` where others could not dial the address.
    init(address: String, freeMiB: Int64, chunks: [String], _ call: ServerCall) throws(DFSError) {
        self.init(
            address: try ServerAddress(registered: address, by: call.peerHost),
            connection: ConnectionToken(rawValue: call.connectionID.value),
            // Go nodes tell MiB; more than an exbibyte is nonsense.
            freeBytes: UInt64(max(0, min(freeMiB, 1 << 40))) << 20,
            chunks: chunks.compactMap { text in try? ChunkID(text) })
    }
}

extension InventoryReport {
    /// What a chunk server of ours said. Ids that cannot be any are left out, which the digest brings to light.
    ///
    /// - Throws: ``DFSError/Code/invalidArgument`` where others could not dial the address.
    init(_ request: InventoryRequest, _ call: ServerCall) throws(DFSError) {
        self.init(
            address: try ServerAddress(registered: request.serverAddress, by: call.peerHost), nodeID: request.nodeID,
            connection: call.connection, freeBytes: request.freeBytes)
        key = request.begins ? InventoryDigest.Key(low: request.keyLow, high: request.keyHigh) : nil
        added = request.added.compactMap(Held.init)
        changed = request.changed.compactMap(Held.init)
        removed = request.removed.compactMap { try? ChunkID($0) }
        if !request.isPartial {
            sum = Sum(low: request.digestLow, high: request.digestHigh, count: request.count)
        }
    }
}

extension InventoryReport.Held {
    fileprivate init?(_ chunk: HeldChunk) {
        guard let id = try? ChunkID(chunk.chunkID) else { return nil }
        let digest = chunk.isVerified ? Digest(length: chunk.length, crc32c: chunk.crc32c) : nil
        self.init(id: id, digest: digest, isAdopted: chunk.isAdopted)
    }
}

extension ServerAddress {
    /// The address that others dial for a server which registered `text` from `peerHost`: one without a host means this
    /// machine to all who dial it, so that of a server elsewhere gets the host it came from.
    package init(registered text: String, by peerHost: String) throws(DFSError) {
        let address = try ServerAddress(text)
        guard address.port != 0 else {
            throw DFSError(.invalidArgument, "address \(quoted(text)) has port 0, which nobody can dial")
        }
        let host = peerHost.hasPrefix("::ffff:") ? String(peerHost.dropFirst("::ffff:".utf8.count)) : peerHost
        let isLocal = host.isEmpty || host == "::1" || host.hasPrefix("127.")
        self = isLocal ? address : address.filling(host: host)
    }
}
