import DFSCore

// From where to where a chunk is copied.
extension MasterState {
    /// The servers that could send a complete copy now, but for those whose last one was wrong.
    func sources(for chunk: ChunkHandle) -> [Server] {
        chunks[chunk].replicas
            .filter { $0.state == .complete && !$0.isMissing && !isDoubted(chunk, on: $0.server) }
            .map { servers[$0.server] }.filter { canSend($0) }
    }

    /// Whether the server may be told to make one more copy.
    func canSend(_ server: Server) -> Bool {
        // In a storm each server makes only one copy at a time, of chunks that have no other.
        let limit = losses.storm == nil ? repair.limits.copiesPerSource : 1
        return server.isAlive && server.stream != nil && server.outstandingCopies < limit
            && server.copyBudget.isOpen(repair.limits.bytesPerSecondPerSource, now: now)
    }

    /// Of these the one that is not late with a copy of the chunk already, then the one that has least to do, then the nearest.
    func best(of sources: [Server], for chunk: ChunkHandle, to target: ServerHandle) -> ServerHandle? {
        let late = repair.copies(of: chunk).filter(\.isLate).map(\.source)
        let place = servers[target].location
        return sources.min { left, right in
            func rank(_ server: Server) -> (Int, Int, Int) {
                (
                    late.contains(server.handle) ? 1 : 0, server.outstandingCopies + server.lateCopies,
                    server.location.distance(to: place)
                )
            }
            return rank(left) < rank(right)
        }?.handle
    }

    /// The server that the chunk waits for, since none can send it now: of those that hold it, where fewest chunks wait.
    func placeBehindSources(of chunk: ChunkHandle) -> WaitingPlace {
        let holders = chunks[chunk].replicas.filter { $0.state == .complete && servers[$0.server].isAlive }
        let places = holders.map { WaitingPlace.source($0.server) }
        return places.min { repair.waiting.count(in: $0) < repair.waiting.count(in: $1) } ?? .aside
    }

    /// A server with room that neither has the chunk nor is to get it; one that is late with copies only where there is no
    /// other, and one that is late with this chunk not while that copy may still come.
    mutating func target(for chunk: ChunkHandle) -> ServerHandle? {
        var excluded: Set<ServerHandle> = []
        for replica in chunks[chunk].replicas {
            switch replica.state {
            case .listed, .complete, .deleting: excluded.insert(replica.server)
            case .assigned: break
            // A Go server overwrites what it holds; one of ours puts a bad copy aside by itself.
            case .bad: if servers[replica.server].kind != .go { excluded.insert(replica.server) }
            }
        }
        let id = id(of: chunk)
        var slow: Set<ServerHandle> = []
        for server in servers.all {
            if server.incomingCopies >= repair.limits.copiesPerTarget || server.deletions[id] != nil
                || isBeingDeletedAsStale(chunk, on: server.handle)
            {
                excluded.insert(server.handle)
            }
            if server.lateIncomingCopies > 0 { slow.insert(server.handle) }
        }
        let copies = repair.copies(of: chunk)
        let bytes = max(chunks[chunk].digest?.length ?? 0, policy.chunkSize)
        let taken = chunks[chunk].replicas
            .filter { $0.state == .complete }.map { servers[$0.server] }
            .filter { $0.isAlive && ($0.adminState == .normal || $0.adminState == .maintenance) }.map(\.location)
        let fresh = excluded.union(copies.map(\.target))
        let over = excluded.union(copies.filter { !$0.isLate || $0.overAt > now }.map(\.target))
        for excluded in [fresh.union(slow), fresh, over] {
            let placement = Placement(bytes: bytes, excluded: excluded, taken: taken)
            if let target = placement.choose(1, from: servers.all, using: &random).first { return target }
        }
        return nil
    }
}
