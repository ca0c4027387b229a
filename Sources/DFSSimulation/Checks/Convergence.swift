import DFSCore
import DFSMetadata

/// When all is well again: every chunk whole on as many servers as it shall be, and nothing else anywhere.
struct Convergence {
    let simulation: Simulation

    var image: MetadataImage { simulation.master.store.image }

    /// The first thing that is not well; `nil` where all is.
    func problem() -> String? {
        let image = image
        var known: Set<ChunkID> = []
        for file in image.files {
            let name = file.header.name.text
            guard file.isSealed else { return "\(name) is still being written" }
            for record in file.chunks {
                let chunk = file.header.chunkID(at: record.index)
                known.insert(chunk)
                guard let digest = record.digest else {
                    // One that waits for servers, since nothing came of the first ones, is as good as none.
                    if record.assigned.isEmpty { continue }
                    return "\(chunk) is open"
                }
                if let problem = problem(of: chunk, digest, copies: file.header.replication) { return problem }
            }
        }
        for server in image.servers where server.state != .decommissioned {
            return "\(server.address) is in the state \(server.state)"
        }
        for server in simulation.servers {
            guard simulation.network.isUp(server.party) else { return "\(server.party) is down" }
            for chunk in server.chunks where !known.contains(chunk) && chunk != simulation.stranger(of: server.number) {
                return "\(chunk) is left on \(server.party)"
            }
            if server.copy(of: simulation.stranger(of: server.number)) == nil {
                return "another cluster's chunk is gone from \(server.party)"
            }
        }
        return nil
    }

    /// How many copies there are of a chunk that shall have so many.
    func wantedCopies(_ copies: Int) -> Int { min(copies, simulation.servers.count - image.servers.count) }

    private func problem(of chunk: ChunkID, _ digest: Digest, copies: Int) -> String? {
        let all = simulation.servers.filter { $0.chunks.contains(chunk) }
        let withdrawn = Set(image.servers.map(\.address))
        // What lies on a server that is out of service neither counts nor goes, but must be good.
        let holders = all.filter { !withdrawn.contains($0.address) }
        if let bad = all.first(where: {
            withdrawn.contains($0.address) && !simulation.watch.isGood(chunk, digest, on: $0)
        }) {
            return "\(chunk) has a bad copy on \(bad.party), which is out of service"
        }
        let good = holders.filter { simulation.watch.isGood(chunk, digest, on: $0) }
        guard good.count == holders.count else {
            return
                "\(chunk) has bad copies on \(holders.filter { !good.map(\.number).contains($0.number) }.map(\.party))"
        }
        let wanted = wantedCopies(copies)
        return good.count == wanted ? nil : "\(chunk) has \(good.count) copies, not \(wanted): \(good.map(\.party))"
    }
}
