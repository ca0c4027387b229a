import DFSCore
import GRDB
import Synchronization

/// Ends a backup that is being written, from any thread.
package final class BackupCancellation: Sendable {
    private struct State {
        var isCancelled = false
        /// What the backup works on now.
        var connection: DatabaseQueue?
    }

    private let state = Mutex(State())

    package init() {}

    /// The backup throws ``DFSError/Code/cancelled`` soon, unless it has ended by then.
    package func cancel() {
        state.withLock { state in
            state.isCancelled = true
            state.connection?.interrupt()
        }
    }

    /// To be called between two steps that do not take long.
    func check() throws(DFSError) {
        guard !state.withLock({ $0.isCancelled }) else { throw DFSError(.cancelled, "the backup was given up") }
    }

    /// Runs `body`, whose statements on `connection` are interrupted by ``cancel()``.
    func whileUsing<Value>(_ connection: DatabaseQueue, _ body: () throws -> Value) throws -> Value {
        let isCancelled = state.withLock { state in
            state.connection = connection
            return state.isCancelled
        }
        defer { state.withLock { $0.connection = nil } }
        if isCancelled { try check() }
        return try body()
    }
}
