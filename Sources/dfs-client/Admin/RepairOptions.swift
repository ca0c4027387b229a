import ArgumentParser
import DFSClient
import DFSCommandLine

/// What `admin repair` changes.
struct RepairOptions: ParsableArguments, Sendable {
    private static let clusterRateFlag = FlagDeclaration.value(
        "cluster-rate", ByteCount.self,
        help: "admin repair: bytes a second that are copied in the cluster, such as 200MB; 0 for no limit.")
    private static let sourceRateFlag = FlagDeclaration.value(
        "source-rate", ByteCount.self,
        help: "admin repair: bytes a second that one server is told to send; 0 for no limit.")
    private static let clusterCopiesFlag = FlagDeclaration.value(
        "cluster-copies", Int.self, help: "admin repair: copies under way in the cluster; 0 for no limit.")
    private static let sourceCopiesFlag = FlagDeclaration.value(
        "source-copies", Int.self, help: "admin repair: copies that one server makes at a time, 1 to 100.")
    private static let targetCopiesFlag = FlagDeclaration.value(
        "target-copies", Int.self, help: "admin repair: copies that one server takes at a time, 1 to 100.")
    private static let goOnFlag = FlagDeclaration.toggle(
        "go-on", help: "admin repair: wait no longer for servers that are lost now.")

    /// The declarations, for ``ClientProgram/flags``.
    static let flags = [
        clusterRateFlag, sourceRateFlag, clusterCopiesFlag, sourceCopiesFlag, targetCopiesFlag, goOnFlag,
    ]

    @Option(Self.clusterRateFlag) var clusterRate: ByteCount?
    @Option(Self.sourceRateFlag) var sourceRate: ByteCount?
    @Option(Self.clusterCopiesFlag) var clusterCopies: Int?
    @Option(Self.sourceCopiesFlag) var sourceCopies: Int?
    @Option(Self.targetCopiesFlag) var targetCopies: Int?
    @Flag(Self.goOnFlag) var goesOn = false

    /// `nil` where nothing is to be changed.
    var change: RepairChange? {
        var change = RepairChange()
        change.bytesPerSecond = clusterRate?.bytes
        change.bytesPerSecondPerSource = sourceRate?.bytes
        change.copies = clusterCopies
        change.copiesPerSource = sourceCopies
        change.copiesPerTarget = targetCopies
        change.goesOn = goesOn
        return change == RepairChange() ? nil : change
    }
}
