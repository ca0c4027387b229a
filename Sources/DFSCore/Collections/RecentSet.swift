/// Remembers what came last, up to a number of elements.
package struct RecentSet<Element: Hashable & Sendable>: Sendable {
    private let limit: Int
    private var order: [Element] = []
    private var next = 0
    private var members: Set<Element> = []

    /// Keeps the newest `limit` elements.
    package init(limit: Int) { self.limit = limit }

    package func contains(_ element: Element) -> Bool { members.contains(element) }

    /// Adds `element`; beyond the limit the one that came first is forgotten.
    package mutating func insert(_ element: Element) {
        guard members.insert(element).inserted else { return }
        guard order.count == limit else {
            order.append(element)
            return
        }
        members.remove(order[next])
        order[next] = element
        next = (next + 1) % limit
    }
}
