import DFSCore
import DFSFiles

extension ChunkStore {
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
        let found = try ChunkScan.checksums(of: file)
        // Only a saving for the next start: a folder that may be read and not written is served all the same.
        _ = try? file.setAttribute(DigestAttribute.name, to: DigestAttribute.text(of: found.digest))
        keepTable(found, of: id)
        return found.digest
    }
}
