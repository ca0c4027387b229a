/// How long and how strictly the soak tests run; the defaults are those of gRPC's own interop clients.
package struct SoakSettings: Sendable {
    package var iterations = 10
    /// Iterations that may fail or be too slow.
    package var maxFailures = 0
    /// An iteration that takes longer counts as failed.
    package var maxLatency = Duration.seconds(1)
    /// The whole test fails when it takes longer.
    package var overallTimeout = Duration.seconds(10)

    package init() {}
}
