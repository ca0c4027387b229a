import DFSCore

// What still needs a server that is to go.
extension MasterState {
    /// Chunks that a tick looks at for all such servers together.
    private static let withdrawalChunksPerTick = 5000

    /// Goes on looking at the chunks of servers that are not in the normal state, and draws the conclusions.
    mutating func reviewWithdrawals() {
        guard withdrawn.count > 0, !isStarting else { return }
        // One that was stopped when it could be stays what it was.
        let leaving = servers.all.filter {
            $0.adminState != .normal && ($0.isAlive || $0.adminState != .decommissioned)
        }.map(\.handle)
        let budget = max(1, Self.withdrawalChunksPerTick / max(1, leaving.count))
        for server in leaving { goOn(server, budget) }
    }

    private mutating func goOn(_ server: ServerHandle, _ budget: Int) {
        var pass =
            servers[server].withdrawal.pass
            ?? Withdrawal.Pass(chunks: servers[server].chunks.sorted(), additions: servers[server].additionCount)
        let end = min(pass.chunks.count, pass.next + budget)
        for chunk in pass.chunks[pass.next..<end]
        where chunks.holds(chunk) && chunks[chunk].position(of: server) != nil {
            look(at: chunk, on: server, &pass.findings)
        }
        pass.next = end
        guard end == pass.chunks.count else {
            servers[server].withdrawal.pass = pass
            return
        }
        servers[server].withdrawal.pass = nil
        addOpenChunks(of: server, &pass.findings)
        servers[server].withdrawal.findings = pass.findings
        conclude(server, pass)
    }

    private mutating func conclude(_ server: ServerHandle, _ pass: Withdrawal.Pass) {
        // A node that is at another address by now holds there what it held here.
        let isMoved = servers.all.contains { $0.isAlive && isSameNode($0.handle, server) }
        let isFree = pass.findings.blockingCount == 0 && !isMoved && !mayBeMissed(server)
        switch servers[server].adminState {
        case .decommissioning
        where isFree && !servers[server].isUnheard && servers[server].additionCount == pass.additions:
            enter(.decommissioned, server)
        case .decommissioned where !isFree: enter(.decommissioning, server)
        case .normal, .decommissioning, .decommissioned, .maintenance: break
        }
    }

    /// Whether the server is away while there are chunks that nobody has: what it got last it may never have told of.
    private func mayBeMissed(_ server: ServerHandle) -> Bool {
        !servers[server].isAlive && servers[server].kind != .swift && healths.missing > 0
    }

    private func look(at chunk: ChunkHandle, on server: ServerHandle, _ findings: inout Withdrawal.Findings) {
        guard let file = namespace.facts(chunks[chunk].file) else { return }
        let count = countCopies(of: chunk)
        let wanted =
            servers[server].adminState == .maintenance
            ? min(policy.leastCopiesInMaintenance, file.replication)
            // What a server that nobody has heard of may hold does not make up for this one.
            : max(min(policy.leastCopiesInMaintenance, file.replication), file.replication - count.away)
        guard !file.isSealed || count.sure < wanted else { return }
        if !file.isSealed { findings.openCount += 1 }
        findings.blockingCount += 1
        findings.mostWanted = max(findings.mostWanted, wanted)
        guard findings.examples.count < Withdrawal.maxExamples else { return }
        findings.examples.append(
            BlockingChunk(
                id: id(of: chunk), path: path(ofFile: chunks[chunk].file), copies: count.sure, wanted: wanted))
    }

    /// Chunks that take records are in no table before they are sealed.
    private func addOpenChunks(of server: ServerHandle, _ findings: inout Withdrawal.Findings) {
        let address = servers[server].address
        for (file, entry) in appends.sorted(by: { $0.key < $1.key }) {
            guard let open = entry.chunk, open.servers.contains(address) else { continue }
            findings.blockingCount += 1
            findings.openCount += 1
            guard findings.examples.count < Withdrawal.maxExamples else { continue }
            findings.examples.append(
                BlockingChunk(
                    id: open.id, path: path(ofFile: file), copies: 0,
                    wanted: namespace.facts(file)?.replication ?? 0))
        }
    }

    private func path(ofFile file: FileID) -> String {
        namespace.file(file).map { namespace.path(of: $0) } ?? ""
    }

    /// What an operator is told.
    func standing(of server: Server) -> AdminStanding {
        var standing = AdminStanding(server: server.address, state: server.adminState)
        if let end = server.maintenanceEnd { standing.secondsLeft = UInt64(max(0, (end - now).components.seconds)) }
        guard server.adminState != .normal else { return standing }
        let findings = server.withdrawal.findings
        standing.blockingCount = findings?.blockingCount ?? 0
        standing.examples = findings?.examples ?? []
        standing.isReady =
            server.adminState == .decommissioned
            || (server.adminState == .maintenance && findings?.blockingCount == 0 && !server.isUnheard)
        if !standing.isReady { standing.reason = reason(server, findings) }
        return standing
    }

    private func reason(_ server: Server, _ findings: Withdrawal.Findings?) -> String {
        if isStarting { return "the master has just started, and waits for its chunk servers" }
        if server.isUnheard {
            return "the server was not heard of since the master started: start it, or nobody knows its chunks"
        }
        guard let findings else { return "its chunks are being looked at" }
        if mayBeMissed(server.handle) {
            return
                "\(healths.missing) chunks have no copy anywhere, and the server may have got them before it fell silent: start it, or "
                + "remove their files (fsck names them) and empty the trash"
        }
        let takers = servers.all.count { $0.isAlive && $0.adminState == .normal }
        if findings.mostWanted > takers {
            return
                "\(takers) other servers are there for \(findings.mostWanted) copies of a chunk: add chunk servers, or ask "
                + "for fewer copies with setrep"
        }
        if findings.openCount > 0 { return "\(findings.openCount) chunks belong to files that are being written" }
        return findings.blockingCount > 0 ? "" : "chunks have come since they were looked at"
    }
}
