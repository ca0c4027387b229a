import Logging
import Synchronization

/// The least severe level that a process logs: one for all its loggers, and it may change while they log.
package final class LogThreshold: Sendable {
    private let current: Atomic<Int>

    package init(_ level: Logger.Level) { current = Atomic(Self.number(level)) }

    package var level: Logger.Level {
        get { Logger.Level.allCases[current.load(ordering: .relaxed)] }
        set { current.store(Self.number(newValue), ordering: .relaxed) }
    }

    private static func number(_ level: Logger.Level) -> Int { Logger.Level.allCases.firstIndex(of: level) ?? 0 }
}
