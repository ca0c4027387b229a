import DFSCore

// Many servers that vanish at once come back at once, as a rule: a switch, a power supply, or the master's own network. To copy
// all they hold would only add to it.
extension MasterState {
    /// Servers died: whether they are too many.
    mutating func reviewDeaths() {
        // Those that operators take away are no sign of a fault.
        let recent = losses.servers.filter { server in
            guard servers[server].adminState == .normal else { return false }
            return losses.byServer[server].map {
                $0.isInStorm || !$0.isGivenUp && now - $0.diedAt <= policy.stormWindow
            }
                ?? false
        }
        guard losses.storm != nil || areTooMany(recent) else { return }
        for server in recent { losses.byServer[server]?.isInStorm = true }
        guard losses.storm == nil else { return }
        losses.storm = Storm(since: now)
        effects.append(
            .log(
                .stormBegan(
                    lost: recent.count, alive: servers.all.count { $0.isAlive },
                    examples: recent.prefix(Self.maxServersNamed).map { servers[$0].address })))
    }

    private static let maxServersNamed = 10

    /// Ends the storm when enough servers are back, or they were waited for long enough.
    mutating func reviewStorm() {
        guard let storm = losses.storm else { return }
        let lost = losses.servers.filter { losses.byServer[$0]?.isInStorm == true }
        if !areTooMany(lost) {
            endStorm(lost, .serversCameBack)
        } else if policy.stormLimit > .zero, now - storm.since >= policy.stormLimit {
            endStorm(lost, .waitedLongEnough)
        }
    }

    /// An operator does not wait any longer for lost servers.
    mutating func giveUpLostServers() {
        let lost = losses.servers.filter { losses.byServer[$0]?.isAwaited == true }
        for server in lost {
            losses.byServer[server]?.graceEnd = nil
            losses.byServer[server]?.isGivenUp = true
        }
        if losses.storm != nil {
            endStorm(lost, .operatorSaidSo)
        } else {
            for server in lost { lookAtChunks(of: server, because: .givenUp) }
        }
    }

    private mutating func endStorm(_ lost: [ServerHandle], _ reason: StormEnd) {
        losses.storm = nil
        for server in lost {
            losses.byServer[server]?.isInStorm = false
            if reason != .serversCameBack { losses.byServer[server]?.isGivenUp = true }
            lookAtChunks(of: server, because: .givenUp)
            endLossIfRestored(server)
        }
        effects.append(.log(.stormEnded(reason, lost: lost.count)))
    }

    /// More than a share of all servers, or all of one rack; never a few.
    private func areTooMany(_ lost: [ServerHandle]) -> Bool {
        guard lost.count >= policy.stormServers, policy.stormShare < 1 else { return false }
        let alive = servers.all.filter(\.isAlive)
        if Double(lost.count) > policy.stormShare * Double(lost.count + alive.count) { return true }
        let racks = Set(alive.map(\.location.rack))
        let lostByRack = lost.reduce(into: [:]) { $0[servers[$1].location.rack, default: 0] += 1 }
        return lostByRack.contains { $0.value >= policy.stormServers && !racks.contains($0.key) }
    }
}
