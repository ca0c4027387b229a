import DFSCore
import DFSMetadata

/// Operators, who want something else of the cluster now and then: other limits of the repair, servers out of service and back, and
/// chunks moved for balance.
final class Operator {
    private let simulation: Simulation
    private var dice: Dice { simulation.dice }
    private let party: Party
    private var isFinishing = false

    init(_ simulation: Simulation) {
        self.simulation = simulation
        party = .client(simulation.scenario.clientCount)
    }

    func start() {
        simulation.network.start(party)
        next()
    }

    private func next() {
        simulation.network.at(party, after: dice.milliseconds(2000...40_000)) { [self] in
            if isFinishing { return }
            switch dice.number(0...9) {
            case 0...2: changeRepair()
            case 3...6: withdraw()
            case 7: recommission()
            default: balance()
            }
            next()
        }
    }

    /// All is set right, again and again until it is so: no limit is too low, and servers serve, but for one that is on its way out
    /// for good where enough are left.
    func finish() {
        isFinishing = true
        let leaver = dice.chance(300) && simulation.servers.count > 4 ? dice.pick(simulation.servers)?.number : nil
        for server in simulation.servers {
            settle(AdminRequest(server: server.address, state: server.number == leaver ? .decommissioning : .normal))
        }
        var change = RepairChange()
        (change.copiesPerSource, change.copiesPerTarget, change.copies) = (8, 16, 0)
        (change.bytesPerSecond, change.bytesPerSecondPerSource) = (0, 0)
        insist { .changeRepair(change, $0) }
    }

    /// A server that the master does not know has nothing to be taken back.
    private func settle(_ request: AdminRequest) { insist { .setAdminState(request, $0) } }

    private func insist(_ question: @escaping (CallToken) -> Input) {
        simulation.ask(from: party, limit: .seconds(5), isRepeatable: true) { call, _ in
            question(call)
        } then: { [self] answer in
            guard case .failure = answer else { return }
            simulation.network.at(party, after: .seconds(5)) { [self] in insist(question) }
        }
    }

    private func ask(_ question: @escaping (CallToken) -> Input) {
        simulation.ask(from: party, limit: .seconds(5), isRepeatable: true) { call, _ in
            question(call)
        } then: { [simulation] answer in
            if case .success = answer { simulation.tally.count(.operatorObeyed) }
        }
    }

    private func changeRepair() {
        var change = RepairChange()
        let (size, isFree) = (simulation.scenario.policy.chunkSize, dice.chance(500))
        change.copiesPerSource = UInt64(dice.number(1...8))
        change.copiesPerTarget = UInt64(dice.number(1...8))
        change.copies = UInt64(dice.number(0...6))
        change.bytesPerSecond = isFree ? 0 : size * UInt64(dice.number(1...4))
        change.bytesPerSecondPerSource = isFree ? 0 : size * UInt64(dice.number(1...4))
        change.goesOn = dice.chance(200)
        ask { .changeRepair(change, $0) }
    }

    private func withdraw() {
        guard let server = dice.pick(simulation.servers) else { return }
        let isMaintenance = dice.chance(500)
        let request = AdminRequest(
            server: server.address, state: isMaintenance ? .maintenance : .decommissioning,
            time: isMaintenance ? .seconds(dice.number(5...200)) : .zero)
        ask { .setAdminState(request, $0) }
        simulation.network.at(party, after: dice.milliseconds(5000...120_000)) { [self] in
            if !isFinishing { ask { .setAdminState(AdminRequest(server: server.address, state: .normal), $0) } }
        }
    }

    private func recommission() {
        guard let server = dice.pick(simulation.servers) else { return }
        ask { .setAdminState(AdminRequest(server: server.address, state: .normal), $0) }
    }

    private func balance() {
        let order = dice.chance(800) ? BalanceOrder(thresholdPPM: 0, bytesPerSecond: 1 << 16) : nil
        ask { .setBalance(order, $0) }
    }
}
