import Glibc
import Logging
import ServiceLifecycle

/// The command of a server binary.
///
/// SIGTERM and SIGINT stop the node gracefully; a second signal ends the process at once.
package protocol NodeCommand: Program, ProgramCommand {
    /// Builds the node from the flags. Opens nothing yet.
    func makeNode(logger: Logger) throws -> any Node
}

extension NodeCommand {
    package func execute(logger: Logger) async throws { try await serve(logger: logger) }

    /// Runs the node until it is told to stop.
    package func serve(logger: Logger) async throws {
        let service = NodeService(node: try makeNode(logger: logger), logger: logger)
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
        configuration.maximumGracefulShutdownDuration = .seconds(30)
        try await ServiceGroup(configuration: configuration).run()
    }
}

/// A ``Node`` as the service group sees it.
private struct NodeService: Service {
    let node: any Node
    let logger: Logger

    func run() async throws {
        do {
            try await serve()
        } catch {
            await node.stop()
            throw error
        }
        await node.stop()
        logger.info("stopped")
    }

    private func serve() async throws {
        try await node.start()
        try await withGracefulShutdownHandler {
            try await cancelWhenGracefulShutdown { try await node.run() }
        } onGracefulShutdown: {
            logger.info("stopping; a second signal ends at once")
            restoreDefaultSignals()
        }
    }
}

/// From here on SIGTERM and SIGINT end the process.
private func restoreDefaultSignals() {
    signal(SIGTERM, SIG_DFL)
    signal(SIGINT, SIG_DFL)
}
