import DFSCore

// Chunk servers: registration, heartbeats, liveness.
extension MasterState {
    mutating func register(_ report: ServerReport, _ call: CallToken) {
        guard let server = admit(report.address, over: report.connection) else {
            let error = DFSError(.resourceExhausted, "the master knows \(ServerTable.maxCount) chunk servers already")
            effects.append(.answer(call, .failure(error)))
            return
        }
        take(report, from: server)
        effects.append(.answer(call, .success(.registered)))
    }

    /// Any heartbeat registers an unknown server: after a restart of the master, Go servers just go on sending them.
    mutating func heartbeat(_ report: ServerReport, _ stream: StreamToken) {
        outbox.answer(stream)
        guard let server = admit(report.address, over: report.connection) else { return }
        // What had copies too many while it had no stream is found again.
        if servers[server].stream == nil, healths.over > 0 { surplus.scan.left = chunks.end }
        servers[server].stream = stream
        take(report, from: server)
    }

    mutating func heartbeatStreamEnded(_ address: ServerAddress, _ stream: StreamToken) {
        guard let server = servers.handle(of: address), servers[server].stream == stream else { return }
        servers[server].stream = nil
        servers[server].inventory = nil
    }

    /// Until it is back nothing is placed there where others have room, readers are sent to it last, and its copies are
    /// ordered from others.
    mutating func serverLeft(_ address: ServerAddress, _ stream: StreamToken) {
        guard let server = servers.handle(of: address), servers[server].stream == stream else { return }
        servers[server].stream = nil
        servers[server].inventory = nil
        takeBackCopies(from: server)
    }

    mutating func described(
        _ address: ServerAddress, _ kind: NodeKind, nodeID: String, _ location: NetworkLocation?
    ) {
        guard let server = servers.handle(of: address) else { return }
        guard kind != .unknown else {
            servers[server].describeAt = now + .seconds(5)
            noteUnanswered(server)
            return
        }
        servers[server].answeredAt = now
        servers[server].location = location ?? NetworkLocation(host: address.host)
        setKind(kind, nodeID: nodeID, of: server)
    }

    /// Enters the server, or brings it back to life, and asks who it is where the connection is new.
    mutating func admit(_ address: ServerAddress, over connection: ConnectionToken) -> ServerHandle? {
        let isNew = servers.handle(of: address) == nil
        guard let server = servers.enter(address, now: now) else { return nil }
        let isBack = isNew || !servers[server].isAlive
        if isBack {
            servers[server].isAlive = true
            servers[server].aliveSince = now
            servers[server].isReturning = true
            noteReturn(of: server)
            if servers[server].adminState != .normal { recountWithdrawn() }
            effects.append(.log(.serverJoined(address)))
        }
        servers[server].lastHeard = now
        servers[server].unheardTime = .zero
        if servers[server].connection != connection {
            servers[server].connection = connection
            servers[server].connectedAt = now
            // It may be a Go node now, which tells nothing of what it takes; one of ours says that it is one with the same message.
            if servers[server].kind == .swift { servers[server].kind = .unknown }
            servers[server].describeAt = now
        }
        if let due = servers[server].describeAt, due <= now {
            servers[server].describeAt = nil
            effects.append(.describe(address))
        }
        return server
    }

    mutating func setKind(_ kind: NodeKind, nodeID: String, of server: ServerHandle) {
        servers[server].describeAt = nil
        if servers[server].nodeID != nodeID {
            servers.setNodeID(nodeID, of: server)
            followNode(server)
        }
        servers[server].unansweredSince = nil
        let wasMute = servers[server].isMute
        servers[server].isMute = false
        if servers[server].kind != kind {
            servers[server].kind = kind
            effects.append(.log(.serverKind(servers[server].address, kind)))
        } else if !wasMute {
            return
        }
        if kind == .go { lookAtChunks(of: server, because: .toBeRead) }
    }

    /// The server does not say who it is. After a time what it lists counts for nothing: it cannot be read, and copies are made from
    /// others. One of ours tells what it holds by itself.
    private mutating func noteUnanswered(_ server: ServerHandle) {
        guard servers[server].isAlive, servers[server].kind != .swift else { return }
        let since = servers[server].unansweredSince ?? now
        servers[server].unansweredSince = since
        guard !servers[server].isMute, now - since >= policy.copyTimeout else { return }
        servers[server].isMute = true
        effects.append(.log(.serverMute(servers[server].address)))
        lookAtChunks(of: server, because: .mute)
    }

    mutating func findDeadServers() {
        let dead = servers.all.filter { $0.isAlive && now - $0.lastHeard - $0.unheardTime > policy.liveThreshold }
        for server in dead { die(server.handle) }
        if !dead.isEmpty { reviewDeaths() }
    }

    /// Its replicas stay on record: if it returns, they count again. Until then copies of them are made.
    private mutating func die(_ server: ServerHandle) {
        noteDeath(of: server)
        effects.append(.log(.serverDied(servers[server].address)))
        end(server)
    }

    /// A node begins a session under this address: the one that it had under another is over, whether or not its connection has been
    /// seen to close.
    mutating func endFormerSession(of server: ServerHandle) {
        if let former = servers.session(of: servers[server].nodeID), former != server, servers[former].kind == .swift {
            servers[former].stream = nil
            servers[former].inventory = nil
        }
        servers.noteSession(of: server)
    }

    /// The node has told from this address all that it holds: under others nothing of it counts any more, and nothing is lost.
    mutating func leaveFormerAddresses(of server: ServerHandle) {
        // A Go node may be at one of them by now, whose record still has the id of the one before it.
        for former in servers.all where former.isAlive && former.kind == .swift && isSameNode(former.handle, server) {
            effects.append(.log(.serverMoved(former.address, to: servers[server].address)))
            end(former.handle)
        }
        // Found dead before it came back here, it is not lost, and no storm waits for it.
        for former in losses.servers where servers[former].kind == .swift && isSameNode(former, server) {
            noteReturn(of: former)
            lookAtChunks(of: former, because: .givenUp)
        }
    }

    private mutating func end(_ server: ServerHandle) {
        servers[server].isAlive = false
        servers[server].stream = nil
        servers[server].deletions.removeAll()
        servers[server].settledList = nil
        servers[server].inventory = nil
        servers[server].unansweredSince = nil
        servers[server].isMute = false
        cancelCopies(of: server)
        lookAtChunks(of: server, because: .death)
        // It may have been moved, and be there already under its new address.
        guard servers[server].adminState != .normal else { return }
        for other in servers.all where other.isAlive && isSameNode(other.handle, server) { followNode(other.handle) }
    }
}
