import DFSCore

// Deletion: only chunks of abandoned uploads and purged files, bad copies and surplus copies, never what is unknown.
extension MasterState {
    /// Orders a deletion, unless one is under way or the server has enough to do; its next list brings it up again, or its next
    /// heartbeat where it tells differences.
    mutating func requestDeletion(of id: ChunkID, on server: ServerHandle) {
        if let since = servers[server].deletions[id], now - since <= policy.deletionTimeout { return }
        let hasRoom =
            servers[server].deletions[id] != nil || servers[server].outstandingTasks < policy.maxTasksPerServer
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
        guard let entry = namespace.file(file) else { return }
        let openCount = appends[file]?.chunk == nil ? 0 : 1
        let tombstone = Tombstone(
            file: file, name: entry.header.name, chunkCount: entry.chunks.count + openCount, abandonedAt: wallSeconds)
        effects.append(.persist(.abandon(tombstone)))
        tombstones.insert(tombstone)
        forwarding[file] = nil
        forgetAppends(to: file, entry.chunks.compactMap(\.self))
        namespace.remove(file)
        for chunk in entry.chunks.compactMap(\.self) {
            let id = entry.header.chunkID(at: chunks[chunk].index)
            let replicas = chunks[chunk].replicas
            cancelCopies(of: chunk)
            for replica in replicas { removeReplica(of: chunk, on: replica.server, named: id) }
            repair.waiting.remove(chunk)
            balance.moves[chunk] = nil
            surplus.forget(chunk)
            forgetHealth(of: chunk)
            noteHeard(chunk)
            chunks.remove(chunk)
            for replica in replicas where replica.state != .assigned {
                requestDeletion(of: id, on: replica.server)
            }
        }
    }
}
