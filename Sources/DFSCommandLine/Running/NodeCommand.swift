import DFSCore
import DFSFiles
import Glibc
import Logging
import ServiceLifecycle
import UnixSignals

/// The command of a server binary.
///
/// SIGTERM and SIGINT stop the node gracefully; a second one ends the process at once, as the signal does. SIGHUP makes it
/// read its files again.
package protocol NodeCommand: Program, ProgramCommand {
    /// What the flags say of the node's life; `nil` for a binary without these flags.
    var life: NodeOptions? { get }

    /// Builds the node from the flags. Opens nothing yet.
    func makeNode(logger: Logger) throws -> any Node
}

extension NodeCommand {
    package var life: NodeOptions? { nil }

    package func execute(logger: Logger) async throws { try await serve(logger: logger) }

    /// Runs the node until it is told to stop.
    package func serve(logger: Logger) async throws {
        let reloading = Reloading(logger: logger, levelFile: life?.logLevelFile.map { LogLevelFile(path: $0) })
        try reloading.readLevel()
        if let limit = OpenFileLimit.raise() {
            logger.debug("open files and connections", metadata: ["limit": "\(limit)"])
        }
        let service = NodeService(node: try makeNode(logger: logger), reloading: reloading, logger: logger)
        // The lifecycle's own lines are of no use to an operator at info.
        var lifecycleLogger = logger
        if lifecycleLogger.logLevel >= .info { lifecycleLogger.logLevel = .warning }
        var configuration = ServiceGroupConfiguration(
            services: [
                .init(
                    service: service, successTerminationBehavior: .gracefullyShutdownGroup,
                    failureTerminationBehavior: .cancelGroup)
            ],
            gracefulShutdownSignals: [.sigterm, .sigint], logger: lifecycleLogger)
        // All that follows the drain is bounded, too; this is for what nobody thought of.
        let drainLimit = life?.drainLimit.duration ?? ClusterDefaults.drainLimit
        configuration.maximumGracefulShutdownDuration = drainLimit + .seconds(20)
        try await ServiceGroup(configuration: configuration).run()
    }
}

/// A ``Node`` as the service group sees it.
private struct NodeService: Service {
    let node: any Node
    let reloading: Reloading
    let logger: Logger

    func run() async throws {
        // From here on SIGHUP ends the process no more, also while the node starts.
        let hangups = await UnixSignalsSequence(trapping: .sighup)
        do {
            try await serve(hangups)
        } catch {
            await node.stop()
            throw error
        }
        await node.stop()
        logger.info("stopped")
    }

    private func serve(_ hangups: UnixSignalsSequence) async throws {
        try await node.start()
        try await withGracefulShutdownHandler {
            try await withThrowingTaskGroup { tasks in
                defer { tasks.cancelAll() }
                tasks.addTask {
                    for await _ in hangups { await reloading.run(node) }
                }
                try await cancelWhenGracefulShutdown { try await node.run() }
            }
        } onGracefulShutdown: {
            logger.info("stopping; a second signal ends at once")
            letSignalsEnd()
        }
    }
}

/// From here on SIGTERM and SIGINT end the process; there is nothing left for SIGHUP to do.
private func letSignalsEnd() {
    signal(SIGTERM, SIG_DFL)
    signal(SIGINT, SIG_DFL)
    signal(SIGHUP, SIG_IGN)
}
