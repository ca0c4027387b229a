import DFSCore

/// All chunk servers that were ever heard of in this master's life, in the order they came.
struct ServerTable: Sendable {
    /// More servers than this are refused, so that a stray client cannot fill the memory with addresses.
    static let maxCount = 10_000

    private var servers: [Server] = []
    private var handles: [ServerAddress: ServerHandle] = [:]
    /// By node id: where the node began its newest session.
    private var sessions: [String: ServerHandle] = [:]

    subscript(handle: ServerHandle) -> Server {
        get { servers[Int(handle.rawValue)] }
        _modify { yield &servers[Int(handle.rawValue)] }
    }

    func handle(of address: ServerAddress) -> ServerHandle? { handles[address] }

    var all: [Server] { servers }

    /// Where the node of this id began its newest session, if it is known by that id there.
    func session(of nodeID: String) -> ServerHandle? { sessions[nodeID] }

    /// The node at this address begins a session.
    mutating func noteSession(of server: ServerHandle) {
        guard !self[server].nodeID.isEmpty else { return }
        sessions[self[server].nodeID] = server
    }

    mutating func setNodeID(_ nodeID: String, of server: ServerHandle) {
        if sessions[self[server].nodeID] == server { sessions[self[server].nodeID] = nil }
        self[server].nodeID = nodeID
    }

    /// Those that were last heard over `connection`.
    func heard(over connection: ConnectionToken) -> [ServerHandle] {
        servers.indices.filter { servers[$0].connection == connection }.map { servers[$0].handle }
    }

    /// The server at `address`, entered if it is new; `nil` when the table is full.
    mutating func enter(_ address: ServerAddress, now: MonotonicInstant) -> ServerHandle? {
        if let known = handles[address] { return known }
        guard servers.count < Self.maxCount else { return nil }
        let handle = ServerHandle(rawValue: UInt16(servers.count))
        servers.append(
            Server(
                handle: handle, address: address, location: NetworkLocation(host: address.host), lastHeard: now,
                aliveSince: now, connectedAt: now))
        handles[address] = handle
        return handle
    }
}
