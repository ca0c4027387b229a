import DFSCore

/// A copy of a chunk that was ordered from one server to another.
struct CopyTask: Sendable {
    let source: ServerHandle
    let target: ServerHandle
    /// Of the chunk.
    let bytes: UInt64
    let orderedAt: MonotonicInstant
    /// When it counts as failed, and another pair of servers is sought.
    let lateAt: MonotonicInstant
    /// Until when the source may still start it, so that ordering the same copy again could overwrite a copy that has
    /// arrived: a Go server makes its copies one by one and truncates a chunk it receives twice.
    let overAt: MonotonicInstant
    var isLate = false
}
