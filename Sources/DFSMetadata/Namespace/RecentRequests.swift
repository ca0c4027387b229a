import DFSCore

/// The changes that were carried out last, by the ids that their clients gave them: a client whose answer was lost asks
/// again, and must not find its own change in its way.
struct RecentRequests: Sendable {
    private var order: [String] = []
    private var next = 0
    private var members: Set<String> = []

    init(_ requests: [RequestRecord]) {
        for request in requests { insert(request.id) }
    }

    func contains(_ id: String) -> Bool { members.contains(id) }

    /// Adds `id`; beyond the limit the oldest is forgotten.
    mutating func insert(_ id: String) {
        guard members.insert(id).inserted else { return }
        guard order.count == RequestRecord.limit else {
            order.append(id)
            return
        }
        members.remove(order[next])
        order[next] = id
        next = (next + 1) % RequestRecord.limit
    }
}
