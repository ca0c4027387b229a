/// Values by stream number. Numbers come one after the other (RFC 9113 §5.1.1), so multiplying them by the golden ratio
/// spreads them evenly. Open addressing with linear probing; at most half full, so a peer that chooses its numbers badly
/// makes a search as long as its streams are many, which SETTINGS_MAX_CONCURRENT_STREAMS bounds.
///
/// `public` and `@inlinable` for the reason that ``InlineQueue`` has.
public struct StreamTable<Value: AnyObject> {
    @usableFromInline struct Entry {
        @usableFromInline var id: Int32 = 0
        /// `nil` is a free place.
        @usableFromInline var value: Value?

        @inlinable init() {}
    }

    @usableFromInline var entries = [Entry](repeating: Entry(), count: 4)
    /// How far a product is shifted to leave the bits of a place.
    @usableFromInline var shift: UInt32 = 30
    /// Streams in the table.
    public var count: Int { streamCount }
    @usableFromInline var streamCount = 0

    /// An empty table.
    @inlinable public init() {}

    /// Whether no stream is in the table.
    @inlinable public var isEmpty: Bool { streamCount == 0 }

    /// Those in the table, in no order.
    @inlinable public var values: [Value] { entries.compactMap(\.value) }

    /// The value of a stream; `nil` where it is not in the table.
    @inlinable public subscript(id: Int32) -> Value? {
        var index = home(of: id)
        while let value = entries[index].value {
            if entries[index].id == id { return value }
            index = next(index)
        }
        return nil
    }

    /// Adds a stream that is not in the table.
    @inlinable public mutating func insert(_ value: Value, for id: Int32) {
        if 2 * (streamCount + 1) > entries.count { grow() }
        place(value, id)
        streamCount += 1
    }

    /// Takes a stream out; `nil` where there is none.
    @inlinable public mutating func remove(_ id: Int32) -> Value? {
        var hole = home(of: id)
        while entries[hole].value != nil, entries[hole].id != id { hole = next(hole) }
        guard let removed = entries[hole].value else { return nil }
        // What was pushed on from its place moves back, so that no search ends too early.
        var index = next(hole)
        while entries[index].value != nil {
            let distance = (index &- home(of: entries[index].id)) & (entries.count &- 1)
            if distance >= (index &- hole) & (entries.count &- 1) {
                entries.swapAt(hole, index)
                hole = index
            }
            index = next(index)
        }
        entries[hole].value = nil
        streamCount -= 1
        return removed
    }

    @inlinable func home(of id: Int32) -> Int { Int((UInt32(bitPattern: id) &* 0x9E37_79B1) &>> shift) }

    @inlinable func next(_ index: Int) -> Int { (index &+ 1) & (entries.count &- 1) }

    @inlinable mutating func place(_ value: Value, _ id: Int32) {
        var index = home(of: id)
        while entries[index].value != nil {
            precondition(entries[index].id != id, "a stream is in the table already")
            index = next(index)
        }
        entries[index].id = id
        entries[index].value = value
    }

    @inlinable mutating func grow() {
        let old = entries
        entries = [Entry](repeating: Entry(), count: 2 * old.count)
        shift -= 1
        for entry in old {
            if let value = entry.value { place(value, entry.id) }
        }
    }
}
