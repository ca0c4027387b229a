import DFSCore
import NIOPosix

/// The threads that may block on the disk; no event loop ever does.
package final class DiskThreads: Sendable {
    private let pool: NIOThreadPool

    /// Starts `count` threads.
    package init(count: Int) {
        pool = NIOThreadPool(numberOfThreads: count)
        pool.start()
    }

    /// Runs `body` on one of the threads, also when the calling task is cancelled: what it holds must be put in order.
    package func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            submit { isActive in
                guard isActive else { return continuation.resume(throwing: Self.stopped) }
                continuation.resume(with: Swift.Result { try body() })
            }
        }
    }

    /// Runs `body` on one of the threads, or tells it right away that the threads are stopped.
    func submit(_ body: @escaping @Sendable (_ isActive: Bool) -> Void) {
        pool.submit { state in
            switch state {
            case .active: body(true)
            case .cancelled: body(false)
            }
        }
    }

    /// Ends the threads; what waits is refused, what runs is finished first.
    package func stop() async {
        try? await pool.shutdownGracefully()
    }

    private static let stopped = DFSError(.unavailable, "the chunk server is stopping")
}
