import DFSCore

@testable import DFSMetadata

// Operators who take servers out of service and back, and have the cluster balanced, at the worst times.
extension World {
    mutating func operate() throws {
        if chance(4), let server = servers.randomElement(using: &random)?.address {
            let state: AdminState = chance(50) ? .normal : chance(50) ? .decommissioning : .maintenance
            let request = AdminRequest(
                server: server, state: state, time: .seconds(Int.random(in: 1...120, using: &random)))
            note("operator: \(server) \(state)")
            try perform(master.ask { .setAdminState(request, $0) }.effects)
        }
        guard chance(3) else { return }
        let order = chance(30) ? nil : BalanceOrder(thresholdPPM: 0, bytesPerSecond: 1 << 40)
        try perform(master.ask { .setBalance(order, $0) }.effects)
    }

    /// All servers serve again, as soon as the master takes the wish.
    mutating func restoreService() throws {
        guard !isServiceRestored else { return }
        try perform(master.ask { .setBalance(nil, $0) }.effects)
        for address in master.image.servers.map(\.address) {
            let request = AdminRequest(server: address, state: .normal)
            let (answer, effects) = master.ask { .setAdminState(request, $0) }
            try perform(effects)
            guard answer.code == nil else { return }
        }
        isServiceRestored = true
    }
}
