import DFSSimulation
import Foundation
import Testing

/// Storms of failures over whole clusters, each from a seed; `make sim` runs new ones.
@Suite struct SimulationTests {
    /// Seeds that once found something, and a few others. `DFS_SIMULATION_SEEDS=<first>-<last>` runs others than these.
    static var seeds: [UInt64] {
        let bounds = (ProcessInfo.processInfo.environment["DFS_SIMULATION_SEEDS"] ?? "")
            .split(separator: "-").compactMap { UInt64($0) }
        if bounds.count == 2 { return Array(bounds[0]...bounds[1]) }
        return foundSeeds + [2, 3, 4]
    }

    /// Each found what its line says.
    static let foundSeeds: [UInt64] = [
        // The order to delete a stale replica of an open chunk was lost with its stream, and never given again.
        1, 12,
        // A server whose seal failed was forgotten by a master that was restarted before the answer.
        21,
        // A chunk that got a copy too many in safe mode kept it.
        90,
        // A stale replica was taken for gone since a copy was on its way there, which never came.
        126,
        // Those above went another way before operators and differences came into the simulation, those up to 387 before long
        // reads did.
        //
        // A server that sealed more bytes than the chunk has in the end, since its answer was lost, kept them.
        55,
        // A report of damage that came late took out a good copy, which was never counted again.
        112,
        // An open chunk whose seal had failed behind the rename could not be deleted.
        267,
        // A damaged chunk whose file could not be moved to quarantine stayed in the way until a restart.
        387,
        // A server that could not seal the longest beginning of an open chunk kept it open for ever.
        1130,
        // A chunk that lacked a copy got none, since the servers that could take it were to be rid of stale replicas first.
        8_345_825_697,
        // All of them went another way before disks failed in starts and disk work took time.
        //
        // A rotted last copy on a Go server was copied and refused again and again, without end.
        4_560_406_100,
        // A copy that the master refused just as it had a good one sent there stayed, and no good one could come.
        4_111_441_122,
        // The file of an open chunk that had come whole could not be removed, and was there still when the whole chunk was deleted.
        6_306_713_754,
    ]

    @Test(arguments: seeds)
    func whatWasAcknowledgedSurvivesAndConverges(_ seed: UInt64) {
        let report = Simulation(seed: seed).run()
        if let violation = report.violation {
            Issue.record("seed \(seed): \(violation)\n\(report.tail.suffix(100).joined(separator: "\n"))")
        }
    }

    /// In each, a deletion that the breaker held was let go long after the master had begun to count the copy again, and had the
    /// others deleted.
    @Test(arguments: [7_939_084_175, 4_823_640_436, 9_308_765_714, 4_664_405_040] as [UInt64])
    func whatAnOperatorLetsGoLateCostsNoLastCopy(_ seed: UInt64) {
        let report = Simulation(seed: seed, hasTightBreaker: true).run()
        #expect(report.violation == nil)
    }

    @Test func aSeedGoesTheSameWayEveryTime() {
        for seed in UInt64(2)...3 {
            let (first, second) = (Simulation(seed: seed).run(), Simulation(seed: seed).run())
            #expect(first.hash == second.hash && first.eventCount == second.eventCount, "seed \(seed)")
        }
    }

    @Test func differentSeedsGoDifferentWays() {
        #expect(Simulation(seed: 2).run().hash != Simulation(seed: 3).run().hash)
    }

    /// All of them are looked for by `dfs-sim canaries`.
    @Test func aStoreThatSkipsItsSyncsAndACopyThatBeginsWithADeletionAreFound() {
        for canary in [Canary.skipSync, .deleteBeforeCopy] {
            let found = (UInt64(1)...20).contains { Simulation(seed: $0, canary: canary).run().violation != nil }
            #expect(found, "\(canary.rawValue)")
        }
    }

    @Test(arguments: [Canary.dropLastChunk, .forgetReplica])
    func aMasterThatNamesTooLittleIsFound(_ canary: Canary) {
        #expect((UInt64(1)...2).contains { Simulation(seed: $0, canary: canary).run().violation != nil })
    }

    /// A run leaves enough to check.
    @Test func theStormIsOne() {
        var tally = Tally()
        for seed in UInt64(1)...4 { tally.add(Simulation(seed: seed).run().tally) }
        #expect(tally.operations[.filePut, default: 0] > 20)
        #expect(tally.operations[.recordAppended, default: 0] > 100)
        #expect(tally.operations[.chunkSealed, default: 0] > 10)
        #expect(tally.faults.values.reduce(0, +) > 100)
    }
}
