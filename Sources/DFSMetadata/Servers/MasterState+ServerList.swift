import DFSCore

// What operators are told of the chunk servers.
extension MasterState {
    /// Up to `limit` servers, in the order they came, behind the first `start`.
    func listServers(from start: Int, limit: Int) -> Answer {
        let wanted = limit == 0 ? Self.maxPageCount : min(limit, Self.maxPageCount)
        let rest = servers.all.dropFirst(start)
        return .servers(rest.prefix(wanted).map { status(of: $0) }, hasMore: rest.count > wanted)
    }

    func status(of server: Server) -> ServerStanding {
        let silence = UInt64(max(0, (now - server.lastHeard).components.seconds))
        return ServerStanding(
            address: server.address, kind: server.kind, nodeID: server.nodeID, location: server.location,
            isAlive: server.isAlive,
            lastHeardAt: wallSeconds - min(silence, wallSeconds), freeBytes: server.freeBytes,
            chunkCount: server.chunks.count - server.assignedCount, orphanCount: server.orphanCount,
            adminState: server.adminState, usedBytes: server.usedBytes, copiesOut: server.outstandingCopies,
            copiesIn: server.incomingCopies, deletions: server.deletions.count, silentSeconds: silence)
    }
}
