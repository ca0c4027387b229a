import DFSCore

// What operators want of chunk servers, and what follows at once.
extension MasterState {
    /// Carries an operator's wish out. The same wish again changes nothing, except that a maintenance begins anew, and that a server
    /// which has been silent for long by now is given up (``isGivenUp(_:)``).
    mutating func setAdminState(_ request: AdminRequest) throws(DFSError) -> Answer {
        try checkWritable()
        let server = try knownServer(request.server)
        let current = servers[server].adminState
        switch request.state {
        case .normal:
            if current != .normal { enter(.normal, server) }
        case .decommissioning, .decommissioned:
            if current == .normal || current == .maintenance { enter(.decommissioning, server) }
        case .maintenance:
            guard current == .normal || current == .maintenance else {
                throw DFSError(
                    .failedPrecondition,
                    "chunk server \(request.server) is \(current.name); recommission it before its maintenance")
            }
            guard request.time > .zero, request.time <= policy.longestMaintenance else {
                throw DFSError(
                    .invalidArgument,
                    "a maintenance takes more than 0 s and at most \(policy.longestMaintenance.components.seconds) s; "
                        + "decommission a server that is away for longer")
            }
            enter(.maintenance, server, for: request.time)
        }
        servers[server].stateOrderedAt = now
        return .adminState(standing(of: servers[server]))
    }

    /// Tells how far a server has come.
    func adminState(of address: ServerAddress) throws(DFSError) -> Answer {
        .adminState(standing(of: servers[try knownServer(address)]))
    }

    private func knownServer(_ address: ServerAddress) throws(DFSError) -> ServerHandle {
        guard let server = servers.handle(of: address) else {
            throw DFSError(
                .notFound,
                "no chunk server has the address \(address); write one as df shows it, and wait for it where the master "
                    + "has just started")
        }
        return server
    }

    /// Gives the server a state, durably.
    mutating func enter(_ state: AdminState, _ server: ServerHandle, for time: Duration = .zero) {
        let seconds = UInt64(max(0, time.components.seconds + (time.components.attoseconds > 0 ? 1 : 0)))
        let until = state == .maintenance ? wallSeconds + seconds : 0
        servers[server].maintenanceEnd = state == .maintenance ? now + time : nil
        let old = servers[server].adminState
        let wasPresumed = old == .maintenance && servers[server].isUnheard
        effects.append(
            .persist(
                .setServer(
                    ServerRecord(
                        address: servers[server].address, nodeID: servers[server].nodeID, state: state, until: until))))
        effects.append(.log(.adminState(servers[server].address, nodeID: servers[server].nodeID, from: old, to: state)))
        guard old != state else { return }
        servers[server].adminState = state
        recountWithdrawn()
        // What has enough copies elsewhere had them before; nothing else follows.
        let isFound =
            [.decommissioning, .decommissioned].contains(old) && [.decommissioning, .decommissioned].contains(state)
        guard !isFound else { return }
        servers[server].withdrawal = Withdrawal()
        lookAtChunks(of: server, because: .adminState)
        if wasPresumed { reviewRecovered() }
    }

    /// What the store says of a server.
    mutating func restore(_ record: ServerRecord) {
        guard record.state != .normal, let server = servers.enter(record.address, now: now) else { return }
        // Dead until it is heard of.
        servers[server].isAlive = false
        servers[server].nodeID = record.nodeID
        servers[server].adminState = record.state
        servers[server].maintenanceUntil = record.until
        recountWithdrawn()
    }

    /// Ends what has lasted its time. The rest of one that was read from the store is counted by the calendar, once.
    mutating func reviewMaintenance() {
        guard withdrawn.count > 0 else { return }
        for server in servers.all.filter({ $0.adminState == .maintenance }).map(\.handle) {
            let isCounted = servers[server].maintenanceEnd != nil
            let end = maintenanceEnd(of: servers[server])
            servers[server].maintenanceEnd = end
            if isCounted, end <= now { enter(.normal, server) }
        }
    }

    /// When a maintenance ends; of one that was read from the store and not counted yet by the calendar.
    private func maintenanceEnd(of server: Server) -> MonotonicInstant {
        if let end = server.maintenanceEnd { return end }
        let left = Int64(clamping: server.maintenanceUntil - min(wallSeconds, server.maintenanceUntil))
        return now + min(.seconds(left), policy.longestMaintenance)
    }

    /// Whether two addresses are those of one node, as far as is known.
    func isSameNode(_ one: ServerHandle, _ other: ServerHandle) -> Bool {
        one != other && !servers[one].nodeID.isEmpty && servers[one].nodeID == servers[other].nodeID
    }

    /// A node that was moved to another address takes its state along, unless it is at both.
    mutating func followNode(_ server: ServerHandle) {
        let nodeID = servers[server].nodeID
        guard withdrawn.count > 0, !nodeID.isEmpty, servers[server].adminState == .normal,
            let former = servers.all.first(where: {
                $0.nodeID == nodeID && $0.handle != server && $0.adminState != .normal && !$0.isAlive
            })
        else { return }
        let left = former.adminState == .maintenance ? max(.seconds(1), maintenanceEnd(of: former) - now) : .zero
        enter(former.adminState, server, for: left)
        enter(.normal, former.handle)
    }

    /// To be called when a state, or whether a server was heard of, has changed.
    mutating func recountWithdrawn() {
        withdrawn = Withdrawn()
        for server in servers.all where server.adminState != .normal {
            withdrawn.count += 1
            if server.adminState == .maintenance, server.isUnheard { withdrawn.unheardInMaintenance += 1 }
        }
    }

    /// Looks at everything that was read from the store again.
    mutating func reviewRecovered() {
        if repair.holding != .allChunks { backlog.scan = chunks.end > 0 ? 0 : nil }
    }

    /// Servers that are not to hold open chunks any more.
    var withdrawnAddresses: Set<ServerAddress> {
        guard withdrawn.count > 0 else { return [] }
        return Set(servers.all.filter { $0.adminState != .normal }.map(\.address))
    }
}
