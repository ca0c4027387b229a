import DFSCore
import DFSMetadata

/// What must hold at every moment; looks through all walls.
final class Watch {
    unowned let simulation: Simulation
    /// Until when the master counts the lease of a version, by its clock.
    private var leaseEnds: [OpenVersion: MonotonicInstant] = [:]
    /// When the deletion of each copy was ordered last, by the master's clock.
    private var orders: [ChunkID: [ServerAddress: MonotonicInstant]] = [:]

    init(_ simulation: Simulation) { self.simulation = simulation }

    /// After each decision of the master.
    func check(_ input: Input, _ effects: [Effect]) {
        switch input {
        case .heartbeat(_, let stream), .inventory(_, let stream):
            let responses = effects.count { if case .heartbeatResponse(stream, _) = $0 { true } else { false } }
            if responses != 1 { simulation.violate("a heartbeat had \(responses) responses") }
        case .renewLeases:
            for case .answer(_, .success(.leases(let answer))) in effects {
                let end = simulation.master.now + answer.lease * 11 / 10
                for grant in answer.granted { leaseEnds[grant.chunk] = end }
            }
        default: break
        }
    }

    /// A server acts as the primary of a chunk: it acknowledges, or lets read.
    func acts(_ server: ChunkServer, as chunk: OpenVersion) {
        guard let end = leaseEnds[chunk], simulation.master.now < end else {
            return simulation.violate(
                "\(server.party) acts as the primary of \(chunk.chunk) v\(chunk.version) after its lease, by true time")
        }
        for case let other as ChunkServer in simulation.servers where other !== server {
            guard simulation.network.isUp(other.party), let primary = other.process.primaries[chunk.chunk],
                primary.over == nil, other.isValid(primary)
            else { continue }
            simulation.violate(
                "\(server.party) (v\(chunk.version)) and \(other.party) (v\(primary.version)) are both primaries of "
                    + "\(chunk.chunk)")
        }
    }

    /// All servers of an open chunk have the same bytes up to what the primary is about to acknowledge.
    func checkSameBytes(_ primary: Primary) {
        let length = Int(primary.sequence?.committed ?? 0)
        let copies = primary.servers.compactMap { address -> [UInt8]? in
            guard let server = simulation.server(at: address) as? ChunkServer else { return nil }
            return server.disk.contents(of: "\(ChunkServer.root)/.dfs/open/\(primary.id.text)")
                ?? server.copy(of: primary.id)
        }
        guard copies.count == primary.servers.count else {
            return simulation.violate("a server of \(primary.id) has nothing of it, and the primary acknowledges")
        }
        for copy in copies.dropFirst() where copy.prefix(length) != copies[0].prefix(length) {
            simulation.violate("servers of \(primary.id) v\(primary.version) differ in what was acknowledged")
        }
    }

    /// What the master has decided is durable, and is carried out now.
    func check(_ notice: Notice) {
        switch notice {
        case .adminState(let address, _, _, to: .decommissioned): checkIsFree(address)
        case .balanceEnded(_, let chunks, _): for _ in 0..<chunks { simulation.tally.count(.chunkMoved) }
        case .deletionOrdered(let chunk, let address):
            orders[chunk, default: [:]][address] = simulation.master.now
            checkIsSurplus(chunk, at: address)
        default: break
        }
    }

    // MARK: Copies

    /// A server may be stopped for good: no chunk is only there. Copies that rot where they are does not count here.
    private func checkIsFree(_ address: ServerAddress) {
        simulation.tally.count(.serverEmptied)
        let leaver = simulation.server(at: address)
        for file in simulation.master.store.image.files where file.isSealed && file.header.replication > 1 {
            for record in file.settledChunks where record.digest != nil {
                let chunk = file.header.chunkID(at: record.index)
                guard leaver.copy(of: chunk) != nil else { continue }
                if simulation.servers.allSatisfy({ $0 === leaver || $0.copy(of: chunk) == nil }) {
                    simulation.violate("\(leaver.party) is decommissioned, and \(chunk) is nowhere else")
                }
            }
        }
    }

    /// A copy of a complete file's chunk goes only where others stay, whether it is a surplus one, a bad one or one that was moved.
    private func checkIsSurplus(_ chunk: ChunkID, at address: ServerAddress) {
        guard let digest = promised(chunk) else { return }
        let server = simulation.server(at: address)
        guard isGood(chunk, digest, on: server) else { return }
        let others = simulation.servers.filter { $0 !== server && $0.copy(of: chunk) != nil }
        if others.isEmpty { simulation.violate("\(server.party) is told to delete \(chunk), which is nowhere else") }
    }

    /// A server is about to give up its copy of a chunk.
    func willDelete(_ chunk: ChunkID, on server: any Server, _ why: String) {
        if chunk.text.hasPrefix("stranger") {
            return simulation.violate("\(server.party) deletes \(chunk), which is another cluster's (\(why))")
        }
        guard let digest = promised(chunk), let copy = server.copy(of: chunk), Digest(of: copy) == digest else {
            return
        }
        let others = simulation.servers.filter { $0 !== server && isGood(chunk, digest, on: $0) }
        if others.isEmpty {
            simulation.violate("\(server.party) gives up the last good copy of \(chunk) (\(why))")
        }
    }

    /// Whether the copy is to be deleted, or may be: while the proof of the others holds, the order is given again without another
    /// look at them.
    func isOrderedAway(_ chunk: ChunkID, on server: any Server) -> Bool {
        if server.hasOrderToDelete(chunk) { return true }
        guard let ordered = orders[chunk]?[server.address] else { return false }
        return simulation.master.now - ordered <= simulation.scenario.policy.surplusProofLife
    }

    /// Nothing that was promised is without a good copy; called after what may have cost one.
    func checkHeld() {
        for file in simulation.master.store.image.files where file.isSealed {
            for record in file.settledChunks {
                guard let digest = record.digest else { continue }
                let chunk = file.header.chunkID(at: record.index)
                if !simulation.servers.contains(where: { isGood(chunk, digest, on: $0) }) {
                    simulation.violate("no server has a good copy of \(chunk) any more")
                }
            }
        }
    }

    /// What a complete file's chunk must be, as it was made durable.
    func promised(_ chunk: ChunkID) -> Digest? {
        guard let id = FileID(in: chunk), let index = chunk.index,
            let file = simulation.master.store.image.files.first(where: { $0.header.id == id }), file.isSealed
        else { return nil }
        return file.chunks.first { $0.index == index }?.digest
    }

    func isGood(_ chunk: ChunkID, _ digest: Digest, on server: any Server) -> Bool {
        guard let copy = server.copy(of: chunk), copy.count == Int(digest.length) else { return false }
        return Digest(of: copy) == digest
    }
}
