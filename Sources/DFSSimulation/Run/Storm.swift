import DFSCore

/// Misfortunes, second by second, and the end of them.
final class Storm {
    private let simulation: Simulation
    private var dice: Dice { simulation.dice }
    private var network: Network { simulation.network }
    private var isOver = false

    init(_ simulation: Simulation) { self.simulation = simulation }

    func begin() {
        simulation.agenda.after(.seconds(1)) { [self] in
            guard !isOver else { return }
            misbehave()
            begin()
        }
    }

    private func misbehave() {
        let often = simulation.scenario.crashPerMille
        for server in simulation.servers {
            if network.isUp(server.party) {
                if dice.chance(often) { breakServer(server) }
            } else if dice.chance(100) {
                server.start()
            }
        }
        if dice.chance(often / 4) { powerOff() }
        if dice.chance(often / 2), network.isUp(.master) { breakMaster() }
        if dice.chance(often) { cutSomewhere() }
        if dice.chance(often * 2) { cutAPrimaryOff() }
        if dice.chance(often * 2) { flipSomeBit() }
        for client in simulation.clients where dice.chance(often / 2) { client.kill() }
        simulation.watch.checkHeld()
    }

    private func breakServer(_ server: any Server) {
        switch dice.number(0...8) {
        case 0:
            simulation.tally.count(.processKilled)
            server.crash(powerLost: false)
        case 1, 2:
            simulation.tally.count(.powerLost)
            server.crash(powerLost: true)
        case 3:
            simulation.tally.count(.orderlyStop)
            server.stop()
        case 4:
            simulation.tally.count(.paused)
            network.standStill(server.party, for: dice.milliseconds(100...40_000))
        case 5: fail(server, .diskError)
        case 6: fail(server, .diskFull)
        case 7:
            guard let server = server as? ChunkServer else { return }
            simulation.tally.count(.calendarJumped)
            server.calendarLead += calendarJump()
        default: fail(server, .powerLostInWrite)
        }
    }

    private func fail(_ server: any Server, _ fault: Fault) {
        simulation.tally.count(fault)
        simulation.trace.note("\(server.party): \(fault.rawValue) soon")
        server.fail(fault)
    }

    private func powerOff() {
        simulation.tally.count(.allPowerLost)
        for server in simulation.servers { server.crash(powerLost: true) }
        for server in simulation.servers {
            simulation.agenda.after(dice.milliseconds(100...30_000)) { [network] in
                if !network.isUp(server.party) { server.start() }
            }
        }
    }

    private func breakMaster() {
        switch dice.number(0...3) {
        case 0:
            simulation.tally.count(.masterKilled)
            simulation.master.kill()
        case 1:
            simulation.tally.count(.paused)
            network.standStill(.master, for: dice.milliseconds(100...20_000))
        case 2: simulation.master.store.failNext()
        default:
            simulation.tally.count(.calendarJumped)
            simulation.master.calendarLead += calendarJump()
        }
    }

    /// In seconds: as one who sets the clock makes it, or a machine that comes up with another date.
    private func calendarJump() -> Int {
        dice.chance(500) ? dice.number(-3600...3600) : (dice.chance(500) ? 1 : -1) * 40 * 24 * 3600
    }

    private func cutSomewhere() {
        let parties: [Party] = [.master] + simulation.servers.map(\.party) + simulation.clients.map(\.party)
        // Who loses its master is what leases are for.
        let masters: [Party] = [.master, .server(dice.number(0...simulation.servers.count - 1))]
        let pair = dice.chance(400) ? dice.shuffled(masters) : Array(dice.shuffled(parties).prefix(2))
        var links = [Link(source: pair[0], target: pair[1])]
        if dice.chance(500) { links.append(Link(source: pair[1], target: pair[0])) }
        for link in links {
            simulation.tally.count(.linkCut)
            network.cut(link)
        }
        if pair.contains(.master), let other = pair.first(where: { $0 != .master }), dice.chance(700) {
            for stream in simulation.master.streams.values.filter({ $0.party == other }) { stream.breakDown() }
        }
        simulation.agenda.after(dice.milliseconds(500...60_000)) { [network] in
            for link in links { network.mend(link) }
        }
    }

    /// A server that takes records, whose clients still reach it, loses its master for longer than its lease lasts.
    private func cutAPrimaryOff() {
        let primaries = simulation.servers.compactMap { $0 as? ChunkServer }.filter { server in
            network.isUp(server.party)
                && server.process.primaries.values.contains { $0.sequence != nil && $0.over == nil }
        }
        guard let server = dice.pick(primaries) else { return }
        let links = [Link(source: .master, target: server.party), Link(source: server.party, target: .master)]
        for link in links {
            simulation.tally.count(.linkCut)
            network.cut(link)
        }
        simulation.agenda.after(dice.milliseconds(10_000...60_000)) { [network] in
            for link in links { network.mend(link) }
        }
    }

    /// A bit of some copy flips, or nothing of it can be read any more, though never of the last good one, nor of a second one before the first is found: two
    /// copies are no defence against that.
    private func flipSomeBit() {
        let files = simulation.master.store.image.files.filter(\.isSealed)
        guard let file = dice.pick(files), let record = dice.pick(Array(file.settledChunks)),
            let digest = record.digest,
            digest.length > 0
        else { return }
        let chunk = file.header.chunkID(at: record.index)
        // A copy that was ordered away is a copy no longer, and of those that were read for that the master believes for a while
        // that they are sound (decision 42).
        if simulation.servers.contains(where: { simulation.watch.isOrderedAway(chunk, on: $0) }) { return }
        let holders = simulation.servers.filter { $0.copy(of: chunk) != nil }
        guard holders.count > 1, holders.allSatisfy({ simulation.watch.isGood(chunk, digest, on: $0) }),
            let victim = dice.pick(holders)
        else { return }
        // What was not synced yet may be the last good copy all the same.
        guard holders.filter({ $0 !== victim && $0.keepsThroughPowerLoss(chunk) }).count > 0 else { return }
        if dice.chance(200) {
            simulation.tally.count(.fileUnreadable)
            simulation.trace.note("\(chunk) is unreadable on \(victim.party)")
            return victim.spoil(chunk)
        }
        simulation.tally.count(.bitFlipped)
        simulation.trace.note("a bit of \(chunk) flips on \(victim.party)")
        victim.flipBit(of: chunk, dice)
    }

    /// Every node comes back, links and disks are well, clients come to their end, and nothing fails from now on.
    func end() {
        isOver = true
        network.isStormy = false
        network.mendAll()
        simulation.trace.note("all faults heal")
        if !network.isUp(.master) { simulation.master.start() }
        for server in simulation.servers {
            server.mendDisk()
            if !network.isUp(server.party) { server.start() }
        }
        for client in simulation.clients { dice.chance(300) ? client.vanish() : client.finish() }
    }
}
