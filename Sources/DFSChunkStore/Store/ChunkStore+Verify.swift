import DFSCore
import DFSFiles

extension ChunkStore {
    /// The digest of the chunk's file: the one that is known, or else found by reading all of it, and kept from then on where the
    /// chunk is listed. What a file says of itself counts at the start only: one that left the list since may be damaged.
    func digestOnDisk(_ id: ChunkID) throws(DFSError) -> ContentDigest {
        if let known = state.withLock({ $0.catalog.stored(id)?.digest }) { return known }
        let file = try files.open(layout.chunk(id), .reading)
        let found = try ChunkScan.checksums(of: file)
        guard state.withLock({ $0.catalog.stored(id) != nil }) else { return found.digest }
        // Only a saving for the next start: a folder that may be read and not written is served all the same.
        _ = try? file.setAttribute(DigestAttribute.name, to: DigestAttribute.text(of: found.digest, isAdopted: true))
        keepTable(found, of: id)
        return found.digest
    }
}
