/// Records of one kind, named by the numbers of their slots. A slot is used again after its record is gone.
///
/// Records lie in pages, so that a table which grows never moves them, and needs no room for a second copy of itself.
struct SlotTable<Element: Sendable>: Sendable {
    private static var pageCount: Int { 1024 }

    private var pages: [[Element?]] = []
    private var unused: [UInt32] = []
    /// Above all slots that were ever in use.
    private(set) var end: UInt32 = 0

    var count: Int { Int(end) - unused.count }

    /// Every slot in use, in order.
    var slots: some Sequence<UInt32> { (0..<end).lazy.filter { self.holds($0) } }

    /// The record of a slot that is in use.
    subscript(slot: UInt32) -> Element {
        get { pages[Int(slot) / Self.pageCount][Int(slot) % Self.pageCount]! }
        _modify { yield &pages[Int(slot) / Self.pageCount][Int(slot) % Self.pageCount]! }
    }

    /// Whether `slot` is in use.
    func holds(_ slot: UInt32) -> Bool {
        slot < end && pages[Int(slot) / Self.pageCount][Int(slot) % Self.pageCount] != nil
    }

    mutating func insert(_ element: Element) -> UInt32 {
        let slot = unused.popLast() ?? extend()
        pages[Int(slot) / Self.pageCount][Int(slot) % Self.pageCount] = element
        return slot
    }

    mutating func remove(_ slot: UInt32) {
        pages[Int(slot) / Self.pageCount][Int(slot) % Self.pageCount] = nil
        unused.append(slot)
    }

    private mutating func extend() -> UInt32 {
        if Int(end) == pages.count * Self.pageCount { pages.append(Array(repeating: nil, count: Self.pageCount)) }
        defer { end += 1 }
        return end
    }
}
