/// Everything a store holds, as the state machine starts from it.
package struct MetadataImage: Sendable, Equatable {
    /// Made when the store was created; names the cluster for ever.
    package var clusterID: String
    package var files: [FileRecord]
    package var tombstones: [Tombstone]

    package init(clusterID: String, files: [FileRecord] = [], tombstones: [Tombstone] = []) {
        self.clusterID = clusterID
        self.files = files
        self.tombstones = tombstones
    }

    /// Applies `mutation` as every store does: this is the meaning of a mutation, and the reference in tests.
    package mutating func apply(_ mutation: Mutation) {
        switch mutation {
        case .begin(let header):
            files.append(FileRecord(header: header, isSealed: false, chunks: []))
        case .allocate(let file, let index, let servers):
            guard let at = position(of: file) else { return }
            files[at].chunks.append(ChunkRecord(index: index, assigned: servers))
            files[at].chunks.sort { $0.index < $1.index }
        case .seal(let file, let digests):
            guard let at = position(of: file) else { return }
            files[at].isSealed = true
            files[at].chunks = digests.enumerated().map { ChunkRecord(index: $0.offset, digest: $0.element) }
        case .abandon(let tombstone):
            files.removeAll { $0.header.id == tombstone.file }
            if tombstone.chunkCount > 0 { tombstones.append(tombstone) }
        }
    }

    private func position(of file: FileID) -> Int? {
        files.firstIndex { $0.header.id == file }
    }
}
