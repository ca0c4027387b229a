import DFSCore

/// How the repair of lost copies goes, in numbers, as the master knows it at one moment.
package struct RepairStatus: Sendable, Equatable {
    package var limits = RepairLimits()
    /// Chunks that wait for copies, by how many complete copies live servers hold: 1, 2, and 3 or more.
    package var waiting = [0, 0, 0]
    /// Those of them that could not be helped when they were looked at last: no server can take a copy.
    package var stuck = 0
    /// Copies under way, and the bytes that they carry.
    package var runningCopies = 0
    package var runningBytes: UInt64 = 0
    /// Since the master started: copies that arrived, their bytes, and copies that did not arrive in time.
    package var doneCopies: UInt64 = 0
    package var doneBytes: UInt64 = 0
    package var lateCopies: UInt64 = 0
    /// Over the last minute.
    package var bytesPerSecond: UInt64 = 0
    /// Until nothing waits, at the pace of the last minute, in seconds; `nil` where nothing arrived lately.
    package var estimatedSeconds: UInt64?
    /// Since when too many servers are lost at once, in seconds; `nil` where they are not.
    package var stormSeconds: UInt64?
    /// How long the server that was found dead last had been silent, in milliseconds; 0 for none.
    package var lastDetectionMilliseconds: UInt64 = 0
    /// From the last sign of a lost server to the moment when its chunks had all their copies again, in milliseconds, of the one for
    /// which that was so last; 0 for none.
    package var lastRestorationMilliseconds: UInt64 = 0
    /// Servers that are lost, in the order in which they came, and have chunks that lack copies since; up to ``maxLosses``.
    package var losses: [LossStatus] = []
    /// All of them.
    package var lossCount = 0

    /// Chunks with copies too many of which those that stay are to be read first, as far as they are kept in mind; and of these,
    /// those where that has failed again and again, so that the copies stay.
    package var surplusWaiting = 0
    package var surplusUnread = 0

    /// More are only counted.
    package static let maxLosses = 1000

    package init() {}
}

/// A lost server, and how far it is made up for.
package struct LossStatus: Sendable, Equatable {
    package let address: ServerAddress
    /// Since it was heard of last, in seconds.
    package let silentSeconds: UInt64
    /// Chunks that it held.
    package let chunks: Int
    /// Those that have too few copies now, as far as they were looked at.
    package let shortChunks: Int
    /// Whether chunks of which two copies are left wait for it to come back.
    package let isAwaited: Bool

    package init(address: ServerAddress, silentSeconds: UInt64, chunks: Int, shortChunks: Int, isAwaited: Bool) {
        self.address = address
        self.silentSeconds = silentSeconds
        self.chunks = chunks
        self.shortChunks = shortChunks
        self.isAwaited = isAwaited
    }
}
