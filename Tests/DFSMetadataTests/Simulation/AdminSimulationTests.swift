import DFSCore
import Testing

@testable import DFSMetadata

/// After a storm the cluster does what operators want of it.
@Suite struct AdminSimulationTests {
    @Test(arguments: UInt64(1)...8)
    func aServerIsEmptiedAfterTheStorm(_ seed: UInt64) throws {
        var world = try World(seed: seed)
        try world.run(200)
        try world.heal()
        try world.run(400)
        let leaving = world.servers[Int(seed) % world.servers.count].address
        let request = AdminRequest(server: leaving, state: .decommissioning)
        try world.perform(world.master.ask { .setAdminState(request, $0) }.effects)
        try world.run(200)
        let standing = try world.master.standing(leaving.description)
        #expect(standing.state == .decommissioned, "seed \(seed): \(standing)")
        for (name, _) in world.acknowledged.sorted(by: { $0.key < $1.key }) {
            for chunk in try world.master.open(name).answer.opened().chunks {
                let digest = try #require(chunk.digest)
                let others = world.servers.filter { $0.address != leaving && $0.holds(chunk.id, digest) }
                #expect(others.count == 2, "seed \(seed): \(chunk.id) of \(name)")
            }
        }
    }

    /// The storm of ``SimulationTests`` has enough of it.
    @Test func serversAreTakenOutInTheStorm() throws {
        var (changes, retired) = (0, 0)
        for seed in UInt64(1)...8 {
            var world = try World(seed: seed)
            try world.run(300)
            changes += world.history.count { $0.contains("adminState(") }
            retired += world.history.count { $0.contains("decommissioned)") }
        }
        #expect(changes > 40 && retired > 3, "\(changes) changes, \(retired) retired")
    }

    @Test func whatIsMovedAfterTheStormStaysWhole() throws {
        var moved = 0
        for seed in UInt64(1)...8 {
            var world = try World(seed: seed)
            try world.run(200)
            try world.heal()
            try world.run(400)
            let order = BalanceOrder(thresholdPPM: 0, bytesPerSecond: 1 << 40)
            try world.perform(world.master.ask { .setBalance(order, $0) }.effects)
            try world.run(200)
            moved += world.master.state.balance.movedChunks
            try world.perform(world.master.ask { .setBalance(nil, $0) }.effects)
            try world.run(100)
            for (name, contents) in world.acknowledged.sorted(by: { $0.key < $1.key }) {
                let chunks = try world.master.open(name).answer.opened().chunks
                #expect(chunks.map(\.digest) == contents)
                for chunk in chunks {
                    let holders = world.servers.filter {
                        $0.holds(chunk.id, chunk.digest ?? Digest(length: 0, crc32c: 0))
                    }
                    #expect(holders.count == 2, "seed \(seed): \(chunk.id)")
                }
            }
        }
        #expect(moved > 8, "\(moved) moved")
    }
}
