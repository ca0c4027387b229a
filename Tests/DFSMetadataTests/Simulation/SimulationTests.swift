import DFSCore
import Foundation
import Testing

@testable import DFSMetadata

extension World {
    /// What befell a file, and every node meanwhile.
    func history(of name: String) -> String {
        history.filter { line in
            ["kill", "start", "restarts", "rot ", "damage", "\"\(name)\"", " \(name) ", "\(name).", "(\(name)"].contains
            {
                line.contains($0)
            }
        }.joined(separator: "\n")
    }
}

/// Storms of failures, then calm: everything acknowledged must be readable, at its factor, and nothing unknown deleted.
@Suite struct SimulationTests {
    /// `DFS_SIMULATION_SEEDS=<first>-<last>` runs others than these.
    static var seeds: ClosedRange<UInt64> {
        let bounds = (ProcessInfo.processInfo.environment["DFS_SIMULATION_SEEDS"] ?? "")
            .split(separator: "-").compactMap { UInt64($0) }
        return bounds.count == 2 ? bounds[0]...bounds[1] : 1...40
    }

    @Test(arguments: seeds)
    func whatWasAcknowledgedSurvivesAndConverges(_ seed: UInt64) throws {
        var world = try World(seed: seed)
        try world.run(300)
        try world.heal()
        try world.run(600)
        for (name, contents) in world.acknowledged.sorted(by: { $0.key < $1.key }) {
            let answer = try world.master.open(name).answer
            guard case .success(.opened(let file)) = answer else {
                Issue.record("seed \(seed): \(name) was acknowledged, and is \(answer)\n\(world.history(of: name))")
                continue
            }
            #expect(file.chunks.map(\.digest) == contents, "seed \(seed), \(name)")
            for chunk in file.chunks {
                let digest = try #require(chunk.digest)
                let holders = world.servers.filter { $0.holds(chunk.id, digest) }.map(\.address)
                #expect(holders.count == 2, "seed \(seed): \(chunk.id) is on \(holders)")
                #expect(Set(chunk.servers) == Set(holders), "seed \(seed): \(chunk.id)")
                let others = world.servers.filter { $0.chunks[chunk.id] != nil && !$0.holds(chunk.id, digest) }
                #expect(others.isEmpty, "seed \(seed): bad copies of \(chunk.id) are left")
            }
        }
        try world.checkRecords(seed)
        checkLeftovers(world, seed)
        checkRecords(world.master.state)
        checkInventories(world, seed)
    }

    /// The storm leaves enough to check.
    @Test func recordsAreAppendedAndChunksAreSealedInTheStorm() throws {
        var (records, seals) = (0, 0)
        for seed in UInt64(1)...8 {
            var world = try World(seed: seed)
            try world.run(300)
            records += world.acknowledgedRecords.values.reduce(0) { $0 + $1.count }
            seals += world.sealedRecords.count
        }
        #expect(records > 200 && seals > 30, "\(records) records, \(seals) seals")
    }

    /// The two sides of each replica record agree.
    private func checkRecords(_ state: MasterState) {
        for server in state.servers.all {
            let held = state.chunks.all.filter { state.chunks[$0].position(of: server.handle) != nil }
            #expect(server.chunks == Set(held))
            let assigned = held.count { state.chunks[$0].replica(on: server.handle)?.state == .assigned }
            #expect(server.assignedCount == assigned)
            #expect(server.outstandingCopies == 0, "a copy is still counted as under way")
            let used = held.reduce(UInt64(0)) { sum, chunk in
                let occupies = state.chunks[chunk].replica(on: server.handle)?.state.occupies ?? false
                return sum + (occupies ? state.chunks[chunk].digest?.length ?? 0 : 0)
            }
            #expect(server.usedBytes == used)
            #expect(server.adminState == .normal)
        }
        var healths = HealthCounts()
        for chunk in state.chunks.all { healths.add(1, state.health(of: chunk, state.countCopies(of: chunk))) }
        healths.damaged = state.chunks.all.count { state.chunks[$0].isDamaged }
        #expect(state.healths == healths)
        #expect(state.balance.moves.isEmpty)
    }

    /// What the master knows of servers that tell differences is what they hold.
    private func checkInventories(_ world: World, _ seed: UInt64) {
        for server in world.servers where server.tellsDifferences {
            guard let handle = world.master.state.servers.handle(of: server.address),
                let inventory = world.master.state.servers[handle].inventory
            else {
                Issue.record("seed \(seed): \(server.address) has no session")
                continue
            }
            #expect(inventory.digest == server.session?.digest, "seed \(seed), \(server.address)")
            let number = world.master.state.servers[handle].listNumber
            let listed = world.master.state.servers[handle].chunks.filter { chunk in
                world.master.state.chunks[chunk].replica(on: handle)?.listNumber == number
            }
            let known = Set(listed.map { world.master.state.id(of: $0) }).union(inventory.strangers)
            #expect(known == Set(server.list), "seed \(seed), \(server.address)")
        }
    }

    /// The storm loses differences, and they are found.
    @Test func lostDifferencesAreFoundInTheStorm() throws {
        var (mismatches, full, differences) = (0, 0, 0)
        for seed in UInt64(1)...8 {
            var world = try World(seed: seed)
            try world.run(300)
            mismatches += world.master.state.reports.mismatches
            full += world.master.state.reports.full
            differences += world.master.state.reports.differences
        }
        #expect(mismatches > 0 && full > 10 && differences > 50, "\(mismatches), \(full), \(differences)")
    }

    /// No upload stays open, and no condemned chunk stays on a server.
    private func checkLeftovers(_ world: World, _ seed: UInt64) {
        let open = world.master.image.files.filter { !$0.isSealed }.map(\.header.name)
        #expect(open.isEmpty, "seed \(seed): still open: \(open)")
        var tombstones = Tombstones()
        for tombstone in world.master.image.tombstones { tombstones.insert(tombstone) }
        for server in world.servers {
            #expect(server.chunks.keys.filter { tombstones.condemn($0) }.isEmpty, "seed \(seed), \(server.address)")
        }
    }
}
