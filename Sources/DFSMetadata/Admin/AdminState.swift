import DFSCore

/// What an operator wants of a chunk server (docs/decisions/0034). Durable.
package enum AdminState: Int, Sendable, Hashable {
    /// It takes chunks, and its copies count.
    case normal = 0
    /// It is being emptied for good: nothing is placed on it, its copies do not count any more, and what needs others gets
    /// them. Its copies are kept, copied from, and read where there is no other.
    case decommissioning = 1
    /// The same, and every chunk that it holds has enough copies elsewhere: it can be stopped.
    case decommissioned = 2
    /// It may be away for a time without its chunks being copied, as long as each has a copy elsewhere. Nothing is placed on it.
    case maintenance = 3

    /// As it is called on the wire and by people.
    package var name: String { "\(self)" }
}

/// What the store keeps of a server in another state than ``AdminState/normal``, by its address.
package struct ServerRecord: Sendable, Equatable {
    package let address: ServerAddress
    /// Kept by the node in its folder; empty for Go nodes, and where the server has not told it yet.
    package let nodeID: String
    /// A record with ``AdminState/normal`` takes the one of its address away.
    package let state: AdminState
    /// When a maintenance ends, in seconds since 1970; 0 otherwise.
    package let until: UInt64

    package init(address: ServerAddress, nodeID: String, state: AdminState, until: UInt64 = 0) {
        self.address = address
        self.nodeID = nodeID
        self.state = state
        self.until = until
    }
}

/// An operator's wish for a chunk server.
package struct AdminRequest: Sendable {
    package let server: ServerAddress
    /// Never ``AdminState/decommissioned``: that is found out.
    package let state: AdminState
    /// How long a maintenance lasts.
    package let time: Duration

    package init(server: ServerAddress, state: AdminState, time: Duration = .zero) {
        self.server = server
        self.state = state
        self.time = time
    }
}

/// How far a server has come on its way out of service.
package struct AdminStanding: Sendable, Equatable {
    package let server: ServerAddress
    package let state: AdminState
    /// Whether it can be stopped.
    package var isReady = false
    /// Of a maintenance.
    package var secondsLeft: UInt64 = 0
    /// Chunks that would have too few copies without it, as the last look at all of them found.
    package var blockingCount = 0
    /// Some of them.
    package var examples: [BlockingChunk] = []
    /// Why it is not ready; empty where nothing but the chunks is in the way.
    package var reason = ""
}

/// A chunk that would have too few copies without a server.
package struct BlockingChunk: Sendable, Equatable {
    package let id: ChunkID
    /// Of its file.
    package let path: String
    /// Complete and listed, on live servers that count.
    package let copies: Int
    /// How many of these there are to be.
    package let wanted: Int
}
