import ArgumentParser
import DFSCore

/// What every server binary can be told of its own life.
package struct NodeOptions: ParsableArguments, Sendable {
    private static let drainLimitFlag = FlagDeclaration.value(
        "drain-limit", GoDuration.self, environment: "DFS_DRAIN_LIMIT",
        help: "How long calls and copies under way may take to finish after SIGTERM or SIGINT.")
    private static let logLevelFileFlag = FlagDeclaration.value(
        "log-level-file", String.self, environment: "DFS_LOG_LEVEL_FILE",
        help: "File whose first word is the level to log, in place of -log-level; read at the start and at SIGHUP.",
        placeholder: "file")

    private static let httpListenFlag = FlagDeclaration.value(
        "http-listen", ServerAddress.self, environment: "DFS_HTTP_LISTEN",
        help: "Where to serve /metrics, /healthz and /readyz by HTTP, such as localhost:9100; nowhere by default.")

    /// The declarations, for ``Program/flags``.
    package static let flags = [drainLimitFlag, logLevelFileFlag, httpListenFlag]

    @Option(Self.drainLimitFlag) package var drainLimit = GoDuration(ClusterDefaults.drainLimit)
    @Option(Self.logLevelFileFlag) package var logLevelFile: String?

    @Option(Self.httpListenFlag) package var httpListen: ServerAddress?

    package init() {}

    /// Called by ArgumentParser once all values are known.
    public func validate() throws {
        guard drainLimit.duration <= .seconds(3600) else {
            throw ValidationError("-drain-limit: \(drainLimit) is too long; write 1h or less")
        }
    }
}
