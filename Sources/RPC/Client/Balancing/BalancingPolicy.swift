import NIOCore

/// How a subchannel stands (gRPC "Connectivity Semantics").
enum Connectivity: Equatable {
    case idle
    case connecting
    case ready
    /// The last attempt failed; the next is due then.
    case failed(RPCError, until: NIODeadline)
}

/// The connection to one address, as a policy sees it.
protocol Subchannel: AnyObject {
    var connectivity: Connectivity { get }
    /// Begins an attempt, also before it is due, unless one is under way or has succeeded.
    func connectNow()
}

/// Which subchannel the next call takes.
enum Pick {
    /// By its index.
    case use(Int)
    /// Until a subchannel changes.
    case wait
    /// Nobody can be reached before `until`.
    case fail(RPCError, until: NIODeadline)
}

/// Decides, given how the subchannels stand, and begins attempts to connect. Does nothing else.
protocol BalancingPolicy {
    /// - Parameter subchannels: at least one, in the order of the addresses.
    mutating func pick(_ subchannels: [any Subchannel], now: NIODeadline) -> Pick
    /// The addresses are others now; subchannels that stay may have another index.
    mutating func addressesChanged()
}
