import DFSCore

/// A chunk server as operators see it.
package struct ServerStanding: Sendable, Equatable {
    package let address: ServerAddress
    package let kind: NodeKind
    /// Empty for Go nodes.
    package let nodeID: String
    package let location: NetworkLocation
    package let isAlive: Bool
    /// Seconds since 1970.
    package let lastHeardAt: UInt64
    /// As it told last.
    package let freeBytes: UInt64
    /// Replicas that the master counts on it, those aside that it was only told to take.
    package let chunkCount: Int
    /// Chunks in its newest list that no file has.
    package let orphanCount: Int
    package let adminState: AdminState
    /// In its copies of files' chunks.
    package let usedBytes: UInt64
    /// Copies that it was told to make.
    package let copiesOut: Int
    /// Copies that others were told to make on it.
    package let copiesIn: Int
    /// Deletions that its lists do not show yet.
    package let deletions: Int
    /// Since it was last heard of.
    package let silentSeconds: UInt64
}
