/// The settings that Go nodes have built in; ours are settable and start from the same values.
package enum ClusterDefaults {
    /// Bytes in every chunk of a file but its last.
    package static let chunkSize = 64 << 20
    /// Bytes of data in one `ChunkData` towards a Go node.
    package static let goDataSize = 64 << 10
    package static let replicationFactor = 2
    /// A server silent for this long is dead.
    package static let liveThreshold = Duration.seconds(30)
    package static let heartbeatInterval = Duration.seconds(5)
    /// A chunk server that takes fewer bytes a second of an upload, though its sender waits for it, is slow.
    package static let slowFloor = 1 << 20
    /// Calls and copies under way have this long to finish when a node stops.
    package static let drainLimit = Duration.seconds(10)
}
