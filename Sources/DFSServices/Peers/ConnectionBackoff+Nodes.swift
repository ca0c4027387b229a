import RPC

extension ConnectionBackoff {
    /// For connections between nodes of a cluster, and of its clients: 100 ms to 1 s. A node that is back is found at once, where
    /// gRPC's usual two minutes would fail all calls to it for as long.
    package static var withinCluster: ConnectionBackoff {
        var backoff = ConnectionBackoff()
        backoff.initial = .milliseconds(100)
        backoff.maximum = .seconds(1)
        return backoff
    }
}
