import DFSCore
import DFSFiles
import NIOCore
import Synchronization

/// A disk in memory that forgets what was not synced, runs full, and fails or loses its power at a chosen call.
///
/// Names and contents are kept twice: as the running system sees them, and as they would be found after a power loss.
package final class SimulatedDisk: FileSystem {
    /// What happens at the call that was chosen to go wrong.
    package enum Fault: Sendable, Equatable {
        /// That call fails, with a disk error; those after it work.
        case failOnce
        /// That call fails for want of room; those after it work.
        case fullOnce
        /// Of so many calls from that one on, those that need room fail for want of it, and none is free.
        case full(calls: Int)
        /// That call and every later one fails, until ``restart(keepingUnsynced:)``.
        case powerLoss
    }

    let state: Mutex<DiskState>

    /// Whether files can be written past the page cache.
    let takesDirectWrites: Bool

    /// - Parameters:
    ///   - capacity: bytes of file contents that fit.
    ///   - takesDirectWrites: whether files can be written past the page cache.
    package init(capacity: Int64 = .max, takesDirectWrites: Bool = false) {
        self.takesDirectWrites = takesDirectWrites
        state = Mutex(DiskState(capacity: capacity))
    }

    /// Calls of this disk and its files since the fault was last set; the fault strikes call `number`, counted from 1.
    package func strike(_ fault: Fault, atCall number: Int) {
        state.withLock { $0.plan = FaultPlan(fault: fault, callsLeft: number) }
    }

    /// Forgets the fault; true when it has struck.
    package func calmDown() -> Bool {
        state.withLock { state in
            defer { state.plan = nil }
            return state.plan?.hasStruck ?? false
        }
    }

    /// Whether the fault that was set has struck.
    package var hasStruck: Bool { state.withLock { $0.plan?.hasStruck ?? false } }

    /// The machine comes up again after a power loss: locks are gone, and so are names and bytes that were not synced,
    /// or with `keepingUnsynced` everything happens to have reached the disk.
    package func restart(keepingUnsynced: Bool = false) {
        state.withLock { $0.restart(keepingUnsynced: keepingUnsynced) }
    }

    /// Paths of all files, as the running system sees them.
    package var files: [String] {
        state.withLock { $0.names.filter { $0.value.kind == .file }.keys.sorted() }
    }

    /// What the file `path` holds; `nil` when there is none, or none that can be read.
    package func contents(of path: String) -> [UInt8]? {
        state.withLock { state in
            guard let node = state.names[path], !node.isUnreadable else { return nil }
            return Array(node.content.live.readableBytesView)
        }
    }
}

/// Counts down to the call that goes wrong, and on from there.
struct FaultPlan {
    let fault: SimulatedDisk.Fault
    var callsLeft: Int
    var hasStruck: Bool { callsLeft <= 0 }

    /// Whether a time without room has begun, and is not over.
    var leavesNoRoom: Bool {
        guard case .full(let calls) = fault else { return false }
        return hasStruck && callsLeft > -calls
    }

    /// Called once per call of the disk.
    mutating func step(_ action: String, needsRoom: Bool) throws(DFSError) {
        callsLeft -= 1
        if callsLeft > 0 { return }
        switch fault {
        case .failOnce where callsLeft < 0, .fullOnce where callsLeft < 0: return
        case .full where !leavesNoRoom || !needsRoom: return
        case .failOnce: throw DFSError(.dataLoss, "cannot \(action): input/output error (simulated)")
        case .fullOnce, .full:
            throw DFSError(.resourceExhausted, "cannot \(action): no space left on device (simulated)")
        case .powerLoss: throw DFSError(.internal, "cannot \(action): the power is out (simulated)")
        }
    }
}
