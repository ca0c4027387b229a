import ArgumentParser
import DFSCore

/// The settings that Go nodes have built in; every binary of a cluster should have the same.
package struct ClusterOptions: ParsableArguments, Sendable {
    private static let replicationFlag = FlagDeclaration.value(
        "replication", Int.self, environment: "DFS_REPLICATION",
        help: "Copies of each chunk of a new file. (default: \(ClusterDefaults.replicationFactor))")
    private static let chunkSizeFlag = FlagDeclaration.value(
        "chunk-size", ByteCount.self, environment: "DFS_CHUNK_SIZE",
        help: "Size of a chunk of a new file; Go nodes know only 64MB.")
    private static let liveThresholdFlag = FlagDeclaration.value(
        "live-threshold", GoDuration.self, environment: "DFS_LIVE_THRESHOLD",
        help: "A chunk server silent for this long is dead.")
    private static let heartbeatIntervalFlag = FlagDeclaration.value(
        "heartbeat-interval", GoDuration.self, environment: "DFS_HEARTBEAT_INTERVAL",
        help: "Time between the heartbeats of a chunk server.")

    /// The declarations, for ``Program/flags``.
    package static let flags = [replicationFlag, chunkSizeFlag, liveThresholdFlag, heartbeatIntervalFlag]

    /// What was asked for here; `nil` leaves it to the default, which a client leaves to its master.
    @Option(Self.replicationFlag)
    package var givenReplication: Int?

    @Option(Self.chunkSizeFlag)
    package var chunkSize = ByteCount(bytes: ClusterDefaults.chunkSize)

    @Option(Self.liveThresholdFlag)
    package var liveThreshold = GoDuration(ClusterDefaults.liveThreshold)

    @Option(Self.heartbeatIntervalFlag)
    package var heartbeatInterval = GoDuration(ClusterDefaults.heartbeatInterval)

    package init() {}

    package var replication: Int { givenReplication ?? ClusterDefaults.replicationFactor }

    /// Called by ArgumentParser once all values are known.
    public func validate() throws {
        guard (1...16).contains(replication) else {
            throw ValidationError("-replication: \(replication) is out of range; write 1 to 16")
        }
        guard (4 << 10...1 << 30).contains(chunkSize.bytes) else {
            throw ValidationError("-chunk-size: \(chunkSize) is out of range; write 4KB to 1GB")
        }
        guard heartbeatInterval.duration >= .milliseconds(10) else {
            throw ValidationError("-heartbeat-interval: \(heartbeatInterval) is too short; write 10ms or more")
        }
        guard liveThreshold.duration > heartbeatInterval.duration else {
            throw ValidationError(
                "-live-threshold: \(liveThreshold) must be longer than -heartbeat-interval (\(heartbeatInterval)), "
                    + "or every server looks dead between two heartbeats")
        }
    }
}
