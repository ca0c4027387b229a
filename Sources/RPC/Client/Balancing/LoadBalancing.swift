/// How calls are spread over the addresses of a target (gRPC "Load Balancing").
package enum LoadBalancing: Sendable, Equatable {
    /// All over one connection: to the first address, in order, that takes one.
    case pickFirst
    /// In turn over connections to all addresses that take one.
    case roundRobin

    func makePolicy(_ backoff: ConnectionBackoff) -> any BalancingPolicy {
        switch self {
        case .pickFirst: PickFirst(backoff: backoff)
        case .roundRobin: RoundRobin()
        }
    }
}
