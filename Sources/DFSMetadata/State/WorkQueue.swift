/// A first-in, first-out queue that holds each element at most once.
struct WorkQueue<Element: Hashable & Sendable>: Sendable {
    private var items: [Element] = []
    private var head = 0
    private var members: Set<Element> = []

    var isEmpty: Bool { members.isEmpty }
    var count: Int { members.count }

    /// The element that waited longest.
    var first: Element? { items[head...].first { members.contains($0) } }

    /// Adds `element` at the end, unless it waits already.
    mutating func append(_ element: Element) {
        guard members.insert(element).inserted else { return }
        items.append(element)
    }

    /// Takes the element that waited longest.
    mutating func popFirst() -> Element? {
        while head < items.count {
            let element = items[head]
            head += 1
            if head > 64, head * 2 > items.count {
                items.removeFirst(head)
                head = 0
            }
            if members.remove(element) != nil { return element }
        }
        items.removeAll()
        head = 0
        return nil
    }

    /// Takes `element` out, wherever it waits.
    mutating func remove(_ element: Element) {
        members.remove(element)
    }
}
