import DFSCore
import Glibc
import Logging
import ServiceLifecycle
import Synchronization

/// Runs the work of a command that ends by itself; SIGTERM and SIGINT cancel its task, so that it can clean up.
///
/// A second signal ends the process at once.
///
/// - Throws: what `body` throws.
package func runInterruptibly(logger: Logger, _ body: @escaping @Sendable () async throws -> Void) async throws {
    let work = InterruptibleWork(body: body)
    // The lifecycle's own lines are of no use to whoever typed the command.
    var lifecycleLogger = logger
    lifecycleLogger.logLevel = .critical
    let configuration = ServiceGroupConfiguration(
        services: [
            .init(
                service: work, successTerminationBehavior: .gracefullyShutdownGroup,
                failureTerminationBehavior: .gracefullyShutdownGroup)
        ], cancellationSignals: [.sigterm, .sigint], logger: lifecycleLogger)
    try? await ServiceGroup(configuration: configuration).run()
    guard let outcome = work.outcome.withLock({ $0 }) else {
        throw DFSError(.cancelled, "interrupted before anything was done")
    }
    try outcome.get()
}

/// One piece of work as the service group sees it.
private final class InterruptibleWork: Service {
    /// Kept here, since the group wraps what its services throw.
    let outcome = Mutex<Result<Void, any Error>?>(nil)
    private let body: @Sendable () async throws -> Void

    init(body: @escaping @Sendable () async throws -> Void) { self.body = body }

    func run() async throws {
        await withTaskCancellationHandler {
            do {
                try await body()
                end(.success(()))
            } catch {
                end(.failure(error))
            }
        } onCancel: {
            signal(SIGINT, SIG_DFL)
            signal(SIGTERM, SIG_DFL)
        }
    }

    // Behind a suspension, the lock would be taken by another thread's id if it were inlined (docs/decisions/0032).
    @inline(never)
    private func end(_ result: Result<Void, any Error>) {
        outcome.withLock { $0 = result }
    }
}
