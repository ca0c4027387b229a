import DFSCore

/// How much may be copied at one time to restore lost copies; an operator may change it while the master runs. What is under way
/// when a limit is lowered goes on.
package struct RepairLimits: Sendable, Equatable {
    /// Copies that one server may be making: enough to keep it busy between two heartbeats, few enough to be over soon.
    package var copiesPerSource = 8
    /// Copies that one server may be receiving.
    package var copiesPerTarget = 16
    /// Copies under way in the cluster; 0 for no limit.
    package var copies = 0
    /// Bytes a second that one server may be told to send, on average; 0 for no limit. A chunk counts with its whole length when
    /// its copy is ordered, so that the next one waits until that much time has passed.
    package var bytesPerSecondPerSource: UInt64 = 0
    /// The same of all servers together.
    package var bytesPerSecond: UInt64 = 0

    package init() {}

    /// The most copies that a server may be told to make or take.
    package static let maxCopiesPerServer = 100
}

/// An operator's wish to change the limits: what is `nil` stays as it is.
package struct RepairChange: Sendable, Equatable {
    package var copiesPerSource: UInt64?
    package var copiesPerTarget: UInt64?
    package var copies: UInt64?
    package var bytesPerSecondPerSource: UInt64?
    package var bytesPerSecond: UInt64?
    /// Whether to begin with what waits for lost servers to come back.
    package var goesOn = false

    package init() {}
}

extension RepairLimits {
    /// These limits with a change.
    ///
    /// - Throws: ``DFSError`` of code `invalidArgument` that names the number that cannot be.
    package func changed(by change: RepairChange) throws(DFSError) -> RepairLimits {
        var limits = self
        limits.copiesPerSource = try Self.copies(change.copiesPerSource, "of a source") ?? copiesPerSource
        limits.copiesPerTarget = try Self.copies(change.copiesPerTarget, "to a target") ?? copiesPerTarget
        if let copies = change.copies {
            guard let count = Int(exactly: copies) else {
                throw DFSError(.invalidArgument, "\(copies) copies in the cluster are too many; give 0 for no limit")
            }
            limits.copies = count
        }
        limits.bytesPerSecondPerSource = change.bytesPerSecondPerSource ?? bytesPerSecondPerSource
        limits.bytesPerSecond = change.bytesPerSecond ?? bytesPerSecond
        return limits
    }

    private static func copies(_ count: UInt64?, _ which: String) throws(DFSError) -> Int? {
        guard let count else { return nil }
        guard (1...UInt64(maxCopiesPerServer)).contains(count) else {
            throw DFSError(
                .invalidArgument, "\(count) copies \(which) at a time cannot be; give 1 to \(maxCopiesPerServer)")
        }
        return Int(count)
    }
}
