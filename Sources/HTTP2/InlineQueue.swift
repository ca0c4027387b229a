import DequeModule

/// A queue that owns no memory of its own for its first element: most streams carry one small message each way.
///
/// `public` and `@inlinable`, though nothing outside this package uses it: two of the three queues of a call are in another
/// module, and Swift 6.3 specializes only public code there. Without, a unary call costs a tenth more.
public struct InlineQueue<Element> {
    @usableFromInline var first: Element?
    @usableFromInline var rest = Deque<Element>()

    /// An empty queue.
    @inlinable public init() {}

    /// Whether nothing waits.
    @inlinable public var isEmpty: Bool { first == nil }

    /// How many wait.
    @inlinable public var count: Int { first == nil ? 0 : 1 + rest.count }

    /// Adds at the end.
    @inlinable public mutating func append(_ element: Element) {
        if first == nil { first = element } else { rest.append(element) }
    }

    /// Adds at the front.
    @inlinable public mutating func prepend(_ element: Element) {
        if let second = first { rest.prepend(second) }
        first = element
    }

    /// Takes the first out; `nil` where there is none.
    @inlinable public mutating func popFirst() -> Element? {
        guard let element = first else { return nil }
        first = rest.popFirst()
        return element
    }

    /// Changes the last element in place; `nil` where there is none.
    @inlinable public mutating func withLast<Result>(_ body: (inout Element) -> Result) -> Result? {
        if let index = rest.indices.last { return body(&rest[index]) }
        guard var element = first else { return nil }
        first = nil  // so that what is changed has one owner
        defer { first = element }
        return body(&element)
    }

    /// Drops all.
    @inlinable public mutating func removeAll() {
        first = nil
        rest.removeAll()
    }
}
