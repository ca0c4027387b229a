import DFSChunkStore
import DFSCore
import DFSMetadata

/// What a seed makes of the cluster before anything happens.
struct Scenario {
    let kinds: [NodeKind]
    /// Racks of the servers; `nil` where servers do not say.
    let locations: [NetworkLocation?]
    var policy = ClusterPolicy()
    /// How fast each clock goes: the master's, then those of the servers. Leases bear nearly a tenth.
    let clockRates: [Double]
    let stormSeconds: Int
    /// Of a thousand messages, how many are lost with their connection.
    let lossPerMille: Int
    let longestDelayMilliseconds: Int
    /// How often each second a node fails, in a thousand.
    let crashPerMille: Int
    let clientCount: Int
    let quarantineKeepSeconds: Int
    let breakerLimits: DeletionBreaker.Limits

    /// - Parameter hasTightBreaker: whether chunk servers hold deletions from the third in ten minutes on; by default the clusters
    ///   here are too small for any to be held.
    init(_ dice: Dice, hasTightBreaker: Bool) {
        var breakerLimits = DeletionBreaker.Limits()
        if hasTightBreaker { (breakerLimits.minimumCount, breakerLimits.share) = (2, 0.1) }
        self.breakerLimits = breakerLimits
        let replication = dice.number(1...10) <= 7 ? 2 : 3
        let count = dice.number(replication + 1...replication + 4)
        let goShare = dice.pick([0, 0, 300, 500]) ?? 0
        var kinds: [NodeKind] = (0..<count).map { _ in dice.chance(goShare) ? .go : .swift }
        kinds[0] = .swift
        self.kinds = kinds
        let hasRacks = dice.chance(400)
        locations = kinds.indices.map { number in
            hasRacks ? try? NetworkLocation("/dc/rack\(number % 3)/host\(number)") : nil
        }
        clockRates = (0...count).map { _ in 1 + Double(dice.number(-80...80)) / 1000 }
        stormSeconds = dice.number(60...300)
        lossPerMille = dice.pick([0, 5, 20, 60]) ?? 0
        longestDelayMilliseconds = dice.pick([5, 50, 500, 3000]) ?? 5
        crashPerMille = dice.pick([0, 5, 15, 40]) ?? 0
        clientCount = dice.number(3...8)
        quarantineKeepSeconds = dice.pick([30, 3600]) ?? 3600
        policy.replication = replication
        policy.chunkSize = UInt64(dice.pick([256, 1024, 4096]) ?? 1024)
        policy.rereadBytesPerSecond = 1 << 20
        policy.rereadCycle = .seconds(120)
        policy.trashRetention = .seconds(dice.pick([20, 120, 600]) ?? 120)
        // Longer than calendars jump: what a master has forgotten for its age would rightly stay as an orphan.
        policy.tombstoneRetention = .seconds(400 * 24 * 3600)
        policy.orphanRetention = .seconds(dice.pick([30, 7 * 24 * 3600]) ?? 30)
        policy.settlingPatience = .seconds(dice.number(20...90))
        policy.repairLimits.copiesPerSource = dice.number(1...8)
        policy.softClaim = .seconds(dice.pick([5, 60]) ?? 60)
        policy.safeModeLimit = .seconds(dice.number(60...300))
    }
}
