import DFSCore

// Servers that die: when their chunks are copied, and when all is as it was.
extension MasterState {
    /// Begins to count what is lost.
    mutating func noteDeath(of server: ServerHandle) {
        let silence = now - servers[server].lastHeard
        losses.lastDetection = silence
        losses.byServer[server] = Loss(
            lastHeard: servers[server].lastHeard, diedAt: now,
            chunkCount: servers[server].chunks.count - servers[server].assignedCount,
            graceEnd: policy.repairGrace > .zero ? now + policy.repairGrace : nil)
    }

    /// The server is back: what was lost counts again.
    mutating func noteReturn(of server: ServerHandle) {
        losses.byServer[server] = nil
    }

    /// A chunk was looked at.
    mutating func noteLoss(of chunk: ChunkHandle, isShort: Bool) {
        if losses.byServer.isEmpty { return }
        for replica in chunks[chunk].replicas where losses.byServer[replica.server] != nil {
            if isShort, replica.state != .assigned, replica.state != .bad {
                guard losses.byServer[replica.server]?.short.insert(chunk).inserted == true else { continue }
                losses.byServer[replica.server]?.shortCount += 1
            } else {
                noteRestored(chunk, of: replica.server)
            }
        }
    }

    /// The lost server's copy is made up for, or not needed any more.
    mutating func noteRestored(_ chunk: ChunkHandle, of server: ServerHandle) {
        guard losses.byServer[server]?.short.remove(chunk) != nil else { return }
        endLossIfRestored(server)
    }

    /// All chunks of the lost server were looked at.
    mutating func noteLooked(at server: ServerHandle) {
        losses.byServer[server]?.isKnown = true
        endLossIfRestored(server)
    }

    /// Forgets the loss when nothing is left of it, and tells how long that took.
    mutating func endLossIfRestored(_ server: ServerHandle) {
        guard let loss = losses.byServer[server], loss.isKnown, loss.short.isEmpty, !loss.isInStorm else { return }
        losses.byServer[server] = nil
        guard loss.shortCount > 0 else { return }
        losses.lastRestoration = now - loss.lastHeard
        effects.append(
            .log(
                .serverRestored(
                    servers[server].address, chunks: loss.shortCount, silence: loss.diedAt - loss.lastHeard,
                    total: now - loss.lastHeard)))
    }

    /// Ends the times that lost servers are given.
    mutating func reviewGrace() {
        for server in losses.servers where losses.byServer[server]?.graceEnd.map({ $0 <= now }) ?? false {
            losses.byServer[server]?.graceEnd = nil
            if losses.byServer[server]?.isInStorm == false { lookAtChunks(of: server, because: .givenUp) }
        }
    }
}
