import DFSCore

/// Everything a store holds, at once: for small stores, and as the measure of others.
package struct MetadataImage: Sendable, Equatable {
    /// Made when the store was created; names the cluster for ever.
    package var clusterID: String
    package var folders: [FolderRecord] = []
    package var files: [FileRecord]
    package var trash: [TrashRecord] = []
    package var tombstones: [Tombstone]
    package var periods: [UsePeriod] = []
    package var servers: [ServerRecord] = []
    package var purgedThrough: PathPart?
    /// In the order in which they were carried out.
    package var requests: [RequestRecord] = []

    package init(clusterID: String, files: [FileRecord] = [], tombstones: [Tombstone] = []) {
        self.clusterID = clusterID
        self.files = files
        self.tombstones = tombstones
    }

    /// Takes one more thing that a store holds.
    package mutating func add(_ record: StoredRecord) {
        switch record {
        case .folder(let folder): folders.append(folder)
        case .trash(let record): trash.append(record)
        case .purgedThrough(let id): purgedThrough = id
        case .request(let request): requests.append(request)
        case .tombstone(let tombstone): tombstones.append(tombstone)
        case .period(let period): periods.append(period)
        case .server(let server): servers.append(server)
        case .file(let file): files.append(file)
        }
    }

    /// Everything, in the order in which a store hands it out.
    package var records: [StoredRecord] {
        folders.map { .folder($0) } + trash.map { .trash($0) } + (purgedThrough.map { [.purgedThrough($0)] } ?? [])
            + requests.map { .request($0) }
            + tombstones.map { .tombstone($0) } + periods.map { .period($0) } + servers.map { .server($0) }
            + files.map { .file($0) }
    }

    /// Applies `mutation` as every store does: this is the meaning of a mutation, and the reference in tests.
    package mutating func apply(_ mutation: Mutation) {
        switch mutation {
        case .begin(let header, let place):
            files.append(FileRecord(header: header, place: place, sealedAt: nil, chunks: []))
        case .allocate(let file, let index, let servers):
            change(file) { file in
                file.chunks.append(ChunkRecord(index: index, assigned: servers))
                file.chunks.sort { $0.index < $1.index }
            }
        case .seal(let file, let digests, let time):
            change(file) { file in
                file.sealedAt = time
                file.header.keepSeconds = 0
                file.chunks = digests.enumerated().map { ChunkRecord(index: $0.offset, digest: $0.element) }
            }
        case .openChunk(let file, let index, let version, let servers, let former):
            change(file) { file in
                file.chunks.removeAll { $0.index == index }
                file.chunks.append(ChunkRecord(index: index, version: version, assigned: servers, former: former))
            }
        case .raiseVersion(let file, let index, let version):
            change(file) { file in
                for at in file.chunks.indices where file.chunks[at].index == index { file.chunks[at].version = version }
            }
        case .sealChunk(let file, let index, let version, let digest, let time):
            change(file) { file in
                file.sealedAt = time
                file.chunks.removeAll { $0.index == index }
                file.chunks.append(ChunkRecord(index: index, version: version, digest: digest))
            }
        case .noteStale(let file, let index, let servers):
            change(file) { file in
                for at in file.chunks.indices where file.chunks[at].index == index {
                    file.chunks[at].assigned = servers
                }
            }
        case .abandon(let tombstone):
            files.removeAll { $0.header.id == tombstone.file }
            if tombstone.chunkCount > 0 { tombstones.append(tombstone) }
        case .forgetTombstone(let file): tombstones.removeAll { $0.file == file }
        case .use(let period):
            periods.removeAll { $0.beganAt == period.beganAt }
            periods.append(period)
        case .setServer(let record):
            servers.removeAll { $0.address == record.address }
            if record.state != .normal { servers.append(record) }
        case .setReplication(let file, let copies): change(file) { $0.header.replication = copies }
        case .setAttributes(let file, let attributes): change(file) { $0.header.attributes = attributes }
        case .makeFolder(let folder): folders.append(folder)
        case .move(let node, let place): move(node, to: place)
        case .removeFolder(let id): folders.removeAll { $0.id == id }
        case .trash(let record):
            move(record.node, to: record.place)
            trash.append(record)
        case .purge(let id):
            for at in trash.indices where trash[at].id == id { trash[at].isPurging = true }
        case .purgeThrough(let id): purgedThrough = id
        case .forgetTrash(let id): trash.removeAll { $0.id == id }
        case .remember(let request): requests.append(request)
        case .forgetRequests(let count): requests.removeFirst(min(count, requests.count))
        }
    }

    private mutating func move(_ node: NodeID, to place: Place) {
        switch node {
        case .file(let id): change(id) { $0.place = place }
        case .folder(let id): for at in folders.indices where folders[at].id == id { folders[at].place = place }
        }
    }

    private mutating func change(_ file: FileID, _ body: (inout FileRecord) -> Void) {
        guard let at = files.firstIndex(where: { $0.header.id == file }) else { return }
        body(&files[at])
    }
}
