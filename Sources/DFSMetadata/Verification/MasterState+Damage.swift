import DFSCore

/// The copies that readers have reported lately: bounds what they can have looked at.
struct Suspects: Sendable {
    /// Copies within ``quietTime``, over all readers; the word of others is dropped, and theirs again then.
    static let maxCount = 1024
    /// A copy is not looked at again so soon.
    static let quietTime = Duration.seconds(60)

    private var notedAt: [ProbeKey: MonotonicInstant] = [:]

    /// Whether the copy is to be looked at.
    mutating func admit(_ key: ProbeKey, now: MonotonicInstant) -> Bool {
        if notedAt.count >= Self.maxCount || notedAt[key] != nil {
            notedAt = notedAt.filter { now < $0.value + Self.quietTime }
        }
        guard notedAt.count < Self.maxCount, notedAt[key] == nil else { return false }
        notedAt[key] = now
        return true
    }
}

// Copies whose bytes are not what they were.
extension MasterState {
    /// A reader was given wrong bytes. That may be its own fault, or the network's, so nothing changes but that the copy is
    /// looked at: by its server, or from here where that is a Go node.
    mutating func suspect(_ id: ChunkID, at address: ServerAddress) -> Answer {
        guard let chunk = chunk(named: id), chunks[chunk].digest != nil, let server = servers.handle(of: address),
            servers[server].isAlive, chunks[chunk].replica(on: server)?.state == .complete
        else { return .done }
        let key = ProbeKey(chunk: chunk, server: server)
        guard suspects.admit(key, now: now) else { return .done }
        effects.append(.log(.damageReported(id, address)))
        surplus.forgetSound(chunk, server)
        verification.want(key, isUrgent: true, now: now)
        return .done
    }

    /// What was copied from the server's copy are other bytes: until it has been read it is no source. A Go server does not know
    /// what it sends, so one that sends damage would be told to do it again and again.
    mutating func doubt(_ chunk: ChunkHandle, on server: ServerHandle) {
        guard servers[server].isAlive, chunks[chunk].replica(on: server)?.state == .complete else { return }
        surplus.forgetSound(chunk, server)
        verification.doubt(ProbeKey(chunk: chunk, server: server), now: now)
    }

    func isDoubted(_ chunk: ChunkHandle, on server: ServerHandle) -> Bool {
        verification.probe(ProbeKey(chunk: chunk, server: server))?.isDoubted == true
    }

    /// A server of ours does not serve its copy any more: it is made again from another one.
    mutating func takeOut(_ id: ChunkID, damagedOn server: ServerHandle) {
        guard let chunk = chunk(named: id), chunks[chunk].position(of: server) != nil else { return }
        removeReplica(of: chunk, on: server)
        noteDamage(of: chunk)
        failCopy(of: chunk, to: server)
        logDamage(of: chunk, on: server)
        review(chunk)
    }

    /// Says that a copy is damaged, and whether it was the last one.
    func damage(of chunk: ChunkHandle, on server: ServerHandle) -> Notice {
        let left = chunks[chunk].replicas.count { $0.state == .complete && servers[$0.server].isAlive }
        return .replicaDamaged(id(of: chunk), servers[server].address, left: left)
    }

    private mutating func logDamage(of chunk: ChunkHandle, on server: ServerHandle) {
        effects.append(.log(damage(of: chunk, on: server)))
    }

    /// Whether what is left of a damaged copy is of no use to anybody: there are as many good ones as there should be, or the
    /// chunk is surely no file's.
    func isExpendable(_ id: ChunkID) -> Bool {
        if isStarting { return false }
        return chunk(named: id).map { isWhole($0) } ?? tombstones.condemn(id)
    }
}
