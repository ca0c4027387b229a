import DFSCore

// Deletion: only chunks of abandoned uploads and purged files, bad copies and surplus copies, never what is unknown.
extension MasterState {
    /// Orders a deletion, unless one is under way or the server has enough to do; its next list brings it up again, or its next
    /// heartbeat where it tells differences.
    mutating func requestDeletion(of id: ChunkID, on server: ServerHandle) {
        if let since = servers[server].deletions[id], now - since <= policy.deletionTimeout { return }
        let hasRoom =
            servers[server].deletions[id] != nil || servers[server].deletions.count < policy.maxDeletionsPerServer
        guard !safeMode.isOn, let stream = servers[server].stream, hasRoom else {
            servers[server].inventory?.revisit(id)
            return
        }
        servers[server].deletions[id] = now
        outbox.addDeletion(id, to: stream)
        effects.append(.log(.deletionOrdered(id, servers[server].address)))
    }

    /// Ends an open upload: its name is free, its chunks are condemned wherever they are or turn up.
    mutating func abandon(_ file: FileID, reason: String) {
        guard let entry = namespace.file(file) else { return }
        precondition(!entry.isSealed, "a sealed file is never abandoned")
        effects.append(.log(.abandoned(entry.header.name, reason: reason)))
        discard(file)
    }

    /// Forgets a file and condemns its chunks.
    mutating func discard(_ file: FileID) {
        guard let ids = namespace.chunkIDs(of: file) else { return }
        condemn(file, ids)
        let discarded = namespace.chunks(of: file)
        namespace.remove(file)
        for chunk in discarded { discard(chunk, ids[chunks[chunk].index]) }
    }

    /// Condemns a complete file that nobody reaches any more, and forgets the last `count` of its chunks, of more than that. In the
    /// store it is gone with the first of its chunks; here it stays, shorter and shorter, until it is discarded.
    mutating func discardLast(_ count: Int, of file: FileID) {
        guard let ids = namespace.chunkIDs(of: file) else { return }
        condemn(file, ids)
        for chunk in namespace.removeLastChunks(count, of: file) { discard(chunk, ids[chunks[chunk].index]) }
    }

    /// From now on the file's chunks are deleted wherever they are or turn up, whatever becomes of this master.
    private mutating func condemn(_ file: FileID, _ ids: ChunkIDs) {
        guard !tombstones.holds(file), let entry = namespace.file(file) else { return }
        let openCount = appends[file]?.chunk == nil ? 0 : 1
        let tombstone = Tombstone(
            file: file, name: entry.header.name, chunkCount: entry.chunks.count + openCount, abandonedAt: wallSeconds)
        effects.append(.persist(.abandon(tombstone)))
        tombstones.insert(tombstone)
        if tombstones.count > policy.maxTombstones { forgetOldestTombstone() }
        forwarding[file] = nil
        forgetAppends(to: file, entry.chunks.compactMap(\.self), ids)
    }

    /// Forgets a chunk that its file does not have any more, and has it deleted where it is.
    private mutating func discard(_ chunk: ChunkHandle, _ id: ChunkID) {
        let replicas = chunks[chunk].replicas
        cancelCopies(of: chunk)
        for replica in replicas { removeReplica(of: chunk, on: replica.server, named: id) }
        repair.waiting.remove(chunk)
        balance.moves[chunk] = nil
        surplus.forget(chunk)
        forgetHealth(of: chunk)
        noteHeard(chunk)
        chunks.remove(chunk)
        for replica in replicas where replica.state != .assigned { requestDeletion(of: id, on: replica.server) }
    }
}
