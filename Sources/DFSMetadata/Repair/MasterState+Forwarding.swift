import DFSCore

/// The chunk of a Go client's upload that a server of ours is bringing to the others by itself.
struct Forwarding: Sendable {
    /// Of the chunk in its file. A Go client sends one after the other.
    let index: Int
    /// The server that the client sends it to.
    let server: ServerHandle
}

// Uploads of Go clients that go on along a chain: while they do, nobody else makes copies of the chunk.
extension MasterState {
    /// Where a Go client's upload to `asker` is to be forwarded: the servers that the client was given beside it, as far as
    /// they are there and nothing of the chunk has been seen there. Swift clients name their chains themselves.
    ///
    /// Once the client is done there are none: from then on chunks move by orders, as complete copies.
    mutating func forward(_ id: ChunkID, from asker: ServerAddress) -> [ServerAddress] {
        guard let chunk = chunk(named: id), let own = servers.handle(of: asker),
            chunks[chunk].position(of: own) != nil, let facts = namespace.facts(chunks[chunk].file),
            facts.writer == .go, case .writing = facts.phase
        else { return [] }
        let others = chunks[chunk].replicas.filter { replica in
            replica.server != own && replica.state == .assigned && isThere(replica.server)
                && !repair.isCopying(chunk, to: replica.server)
        }.map { servers[$0.server] }
        if others.isEmpty { return [] }
        forwarding[chunks[chunk].file] = Forwarding(index: chunks[chunk].index, server: own)
        return (others.filter { $0.kind == .swift } + others.filter { $0.kind != .swift }).map(\.address)
    }

    /// A Go server sends its first heartbeat some seconds after it has registered.
    private func isThere(_ server: ServerHandle) -> Bool {
        servers[server].stream != nil || (servers[server].kind == .go && servers[server].isAlive)
    }

    /// Whether the chunk's other copies are on their way without us.
    func isForwarded(_ chunk: ChunkHandle) -> Bool {
        guard let forwarding = forwarding[chunks[chunk].file] else { return false }
        return forwarding.index == chunks[chunk].index && servers[forwarding.server].isAlive
    }

    /// The server has brought the chunk as far as it could: it reports then.
    mutating func endForwarding(of chunk: ChunkHandle, from server: ServerHandle) {
        let file = chunks[chunk].file
        guard let known = forwarding[file], known.server == server, known.index == chunks[chunk].index else { return }
        forwarding[file] = nil
    }
}
