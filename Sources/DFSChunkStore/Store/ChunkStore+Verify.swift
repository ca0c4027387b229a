import DFSCore
import DFSFiles
import NIOCore

extension ChunkStore {
    /// Bytes read at a time when a chunk is read for its digest.
    private static let readStep = 1 << 20

    /// The digest of the chunk's file: the one kept beside it, or found by reading all of it and kept from then on.
    func digestOnDisk(_ id: ChunkID) throws(DFSError) -> ContentDigest {
        if let known = state.withLock({ $0.catalog.stored(id)?.digest }) { return known }
        let file = try files.open(layout.chunk(id), .reading)
        let size = try file.size()
        if let kept = try file.attribute(DigestAttribute.name).flatMap({ DigestAttribute.digest(in: $0) }),
            kept.length == size
        {
            return kept
        }
        var crc = CRC32C()
        var offset: Int64 = 0
        while true {
            let part = try file.read(upTo: Self.readStep, at: offset)
            if part.readableBytes == 0 { break }
            crc.update(part)
            offset += Int64(part.readableBytes)
        }
        let digest = ContentDigest(length: offset, crc32c: crc.value)
        // Only a saving for the next start: a folder that may be read and not written is served all the same.
        _ = try? file.setAttribute(DigestAttribute.name, to: DigestAttribute.text(of: digest))
        return digest
    }

    /// Reads an unverified chunk for its digest; from then on the chunk is complete.
    ///
    /// - Returns: the digest, or `nil` when the chunk has gone meanwhile.
    package func verify(_ id: ChunkID) throws(DFSError) -> ContentDigest? {
        let digest: ContentDigest
        do {
            digest = try digestOnDisk(id)
        } catch  where error.code == .notFound {
            return nil
        }
        return state.withLock { state in
            guard state.catalog.stored(id) != nil else { return nil }
            state.catalog.store(id, ChunkCatalog.Stored(digest))
            return digest
        }
    }
}
