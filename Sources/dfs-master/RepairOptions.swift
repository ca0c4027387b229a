import ArgumentParser
import DFSCommandLine
import DFSCore
import DFSMetadata

/// How much is copied at one time to restore lost copies, and when.
struct RepairOptions: ParsableArguments, Sendable {
    private static let clusterRateFlag = FlagDeclaration.value(
        "repair-cluster-rate", ByteCount.self, environment: "DFS_REPAIR_CLUSTER_RATE",
        help: "Bytes a second, such as 200MB, that are copied in the cluster to restore lost copies; 0 for no limit.")
    private static let sourceRateFlag = FlagDeclaration.value(
        "repair-source-rate", ByteCount.self, environment: "DFS_REPAIR_SOURCE_RATE",
        help: "Bytes a second that one chunk server is told to send for that; 0 for no limit.")
    private static let clusterCopiesFlag = FlagDeclaration.value(
        "repair-cluster-copies", Int.self, environment: "DFS_REPAIR_CLUSTER_COPIES",
        help: "Such copies under way in the cluster; 0 for no limit.")
    private static let sourceCopiesFlag = FlagDeclaration.value(
        "repair-source-copies", Int.self, environment: "DFS_REPAIR_SOURCE_COPIES",
        help: "Such copies that one chunk server makes at a time, 1 to 100.")
    private static let targetCopiesFlag = FlagDeclaration.value(
        "repair-target-copies", Int.self, environment: "DFS_REPAIR_TARGET_COPIES",
        help: "Such copies that one chunk server takes at a time, 1 to 100.")
    private static let graceFlag = FlagDeclaration.value(
        "repair-grace", GoDuration.self, environment: "DFS_REPAIR_GRACE",
        help: "How long a dead chunk server has to come back before chunks with two live copies are copied.")
    private static let stormShareFlag = FlagDeclaration.value(
        "repair-storm-percent", Int.self, environment: "DFS_REPAIR_STORM_PERCENT",
        help: "More chunk servers than this, in percent, that die within a minute stop the repair; 100 for never.")
    private static let stormLimitFlag = FlagDeclaration.value(
        "repair-storm-limit", GoDuration.self, environment: "DFS_REPAIR_STORM_LIMIT",
        help: "How long the repair is stopped so, at most; 0s until an operator says so.")

    /// The declarations, for the command's own.
    static let flags = [
        clusterRateFlag, sourceRateFlag, clusterCopiesFlag, sourceCopiesFlag, targetCopiesFlag, graceFlag,
        stormShareFlag, stormLimitFlag,
    ]

    @Option(Self.clusterRateFlag) var clusterRate = ByteCount(bytes: 0)
    @Option(Self.sourceRateFlag) var sourceRate = ByteCount(bytes: 0)
    @Option(Self.clusterCopiesFlag) var clusterCopies = RepairLimits().copies
    @Option(Self.sourceCopiesFlag) var sourceCopies = RepairLimits().copiesPerSource
    @Option(Self.targetCopiesFlag) var targetCopies = RepairLimits().copiesPerTarget
    @Option(Self.graceFlag) var grace = GoDuration(ClusterPolicy().repairGrace)
    @Option(Self.stormShareFlag) var stormPercent = Int(ClusterPolicy().stormShare * 100)
    @Option(Self.stormLimitFlag) var stormLimit = GoDuration(ClusterPolicy().stormLimit)

    func validate() throws {
        let copies = 1...RepairLimits.maxCopiesPerServer
        for (flag, count) in [("source", sourceCopies), ("target", targetCopies)] where !copies.contains(count) {
            throw ValidationError(
                "-repair-\(flag)-copies \(count) cannot be; give \(copies.lowerBound) to \(copies.upperBound)")
        }
        guard clusterCopies >= 0 else {
            throw ValidationError("-repair-cluster-copies \(clusterCopies) cannot be; give 0 for no limit")
        }
        guard (1...100).contains(stormPercent) else {
            throw ValidationError("-repair-storm-percent \(stormPercent) cannot be; give 1 to 100")
        }
    }

    func apply(to policy: inout ClusterPolicy) {
        policy.repairLimits.bytesPerSecond = UInt64(clusterRate.bytes)
        policy.repairLimits.bytesPerSecondPerSource = UInt64(sourceRate.bytes)
        policy.repairLimits.copies = clusterCopies
        policy.repairLimits.copiesPerSource = sourceCopies
        policy.repairLimits.copiesPerTarget = targetCopies
        policy.repairGrace = grace.duration
        policy.stormShare = Double(stormPercent) / 100
        policy.stormLimit = stormLimit.duration
    }
}
