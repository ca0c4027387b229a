import DFSCore

/// The changes that were carried out last, by the ids that their clients gave them, oldest first.
struct RecentRequests: Sendable {
    private var order: [(id: String, at: MonotonicInstant)] = []
    private var head = 0
    private var members: Set<String> = []

    var count: Int { order.count - head }

    func contains(_ id: String) -> Bool { members.contains(id) }

    /// Adds one that is not there yet.
    mutating func insert(_ id: String, at time: MonotonicInstant) {
        guard members.insert(id).inserted else { return }
        order.append((id, time))
    }

    /// Of the oldest `limit`, how many are older than `age`.
    func count(olderThan age: Duration, now: MonotonicInstant, limit: Int) -> Int {
        order[head...].prefix(max(0, limit)).prefix { now - $0.at > age }.count
    }

    /// Forgets the oldest `count`.
    mutating func removeFirst(_ count: Int) {
        for request in order[head...].prefix(count) { members.remove(request.id) }
        head = min(order.count, head + count)
        guard head > 64, head * 2 > order.count else { return }
        order.removeFirst(head)
        head = 0
    }
}
