import ArgumentParser
import DFSCommandLine
import RPCInterop

/// How the soak tests run.
struct SoakOptions: ParsableArguments, Sendable {
    private static let iterationsFlag = FlagDeclaration.value(
        "soak_iterations", Int.self, help: "Calls of a soak test.")
    private static let failuresFlag = FlagDeclaration.value(
        "soak_max_failures", Int.self, help: "Calls of a soak test that may fail or be too slow.")
    private static let latencyFlag = FlagDeclaration.value(
        "soak_per_iteration_max_acceptable_latency_ms", Int.self, help: "A slower call counts as failed.",
        placeholder: "ms")
    private static let timeoutFlag = FlagDeclaration.value(
        "soak_overall_timeout_seconds", Int.self, help: "A soak test that takes longer fails.", placeholder: "seconds")

    /// The declarations, for ``InteropClientCommand/flags``.
    static let flags = [iterationsFlag, failuresFlag, latencyFlag, timeoutFlag]

    @Option(Self.iterationsFlag) var iterations = 10
    @Option(Self.failuresFlag) var maxFailures = 0
    @Option(Self.latencyFlag) var maxLatencyMs = 1000
    @Option(Self.timeoutFlag) var overallTimeoutSeconds = 10

    var settings: SoakSettings {
        var settings = SoakSettings()
        settings.iterations = iterations
        settings.maxFailures = maxFailures
        settings.maxLatency = .milliseconds(maxLatencyMs)
        settings.overallTimeout = .seconds(overallTimeoutSeconds)
        return settings
    }
}
