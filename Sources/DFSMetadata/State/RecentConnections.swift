/// Remembers the connections that closed last, so that a call which was still on its way when its connection closed
/// does not hold a lease over it for ever.
struct RecentConnections: Sendable {
    private static let limit = 4096

    private var order: [ConnectionToken] = []
    private var next = 0
    private var members: Set<ConnectionToken> = []

    func contains(_ connection: ConnectionToken) -> Bool { members.contains(connection) }

    /// Adds `connection`; beyond the limit the one that closed first is forgotten.
    mutating func insert(_ connection: ConnectionToken) {
        guard members.insert(connection).inserted else { return }
        guard order.count == Self.limit else {
            order.append(connection)
            return
        }
        members.remove(order[next])
        order[next] = connection
        next = (next + 1) % Self.limit
    }
}
