import DFSCore

// Chunks that a server which tells differences has told of, and that no record is for.
extension MasterState {
    /// A record is made of a chunk that the server may have told of before.
    ///
    /// - Returns: the record's list number.
    mutating func takeStranger(_ chunk: ChunkHandle, on server: ServerHandle) -> UInt32? {
        guard servers[server].inventory?.strangers.isEmpty == false,
            let id = namespace.chunkIDs(of: chunks[chunk].file)?[chunks[chunk].index],
            servers[server].inventory?.strangers.contains(id) == true
        else { return nil }
        _ = servers[server].inventory?.removeStranger(id)
        forgetOrphan(id, on: server)
        return servers[server].listNumber
    }

    /// A record was dropped of a chunk that the server still holds, as far as it has told.
    mutating func leaveStranger(_ id: ChunkID, on server: ServerHandle) {
        _ = servers[server].inventory?.insertStranger(id)
        servers[server].inventory?.revisit(id)
    }

    mutating func addOrphan(_ id: ChunkID, on server: ServerHandle) {
        if servers[server].orphans[id] != nil { return }
        servers[server].orphanCount += 1
        guard servers[server].orphans.count < Server.maxOrphansKnown else { return }
        servers[server].orphans[id] = servers[server].inventory?.formerOrphans[id] ?? now
    }

    mutating func forgetOrphan(_ id: ChunkID, on server: ServerHandle) {
        let known = servers[server].orphans.count
        guard servers[server].orphans.removeValue(forKey: id) != nil || servers[server].orphanCount > known else {
            return
        }
        servers[server].orphanCount -= 1
    }

    mutating func noteOrphanCount(of server: ServerHandle, before: Int) {
        let orphans = OrphanCount(known: servers[server].orphans, count: servers[server].orphanCount)
        servers[server].orphanCount = before
        setOrphans(orphans, on: server)
    }
}
