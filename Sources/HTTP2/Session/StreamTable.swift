/// Values by stream number: a hash table with linear probing. Empty it owns no memory.
///
/// A peer that chooses numbers which collide makes it as slow as a list of the streams that it may have open.
///
/// `@inlinable`: `Dictionary`, or this without it, took a tenth of the CPU of a unary call.
package struct StreamTable<Value> {
    @usableFromInline
    struct Slot {
        @usableFromInline let id: Int32
        @usableFromInline var value: Value

        @inlinable init(id: Int32, value: Value) {
            self.id = id
            self.value = value
        }
    }

    /// A power of two of them, at most half of them taken.
    @usableFromInline var slots: [Slot?] = []
    @usableFromInline var taken = 0

    @inlinable package init() {}

    @inlinable package var count: Int { taken }
    @inlinable package var isEmpty: Bool { taken == 0 }
    package var values: [Value] { slots.compactMap { $0?.value } }

    @inlinable package subscript(id: Int32) -> Value? {
        if slots.isEmpty { return nil }
        return slots[index(of: id)]?.value
    }

    /// `id` is not in the table.
    @inlinable package mutating func insert(_ value: Value, for id: Int32) {
        if taken * 2 >= slots.count { grow() }
        taken += 1
        slots[index(of: id)] = Slot(id: id, value: value)
    }

    @inlinable package mutating func remove(_ id: Int32) -> Value? {
        if slots.isEmpty { return nil }
        let index = index(of: id)
        guard let slot = slots[index] else { return nil }
        taken -= 1
        slots[index] = nil
        closeGap(at: index)
        return slot.value
    }

    /// Spreads numbers that follow each other (Knuth's multiplicative hash), so that they make no long runs.
    @inlinable static func hash(_ id: Int32) -> Int {
        Int(UInt32(bitPattern: id) &* 2_654_435_769 >> 16)
    }

    /// Where `id` is, or would be.
    @inlinable func index(of id: Int32) -> Int {
        let mask = slots.count - 1
        var index = Self.hash(id) & mask
        while let slot = slots[index], slot.id != id { index = (index + 1) & mask }
        return index
    }

    /// Moves up what was put behind `gap` because the gap was taken.
    @inlinable mutating func closeGap(at gap: Int) {
        let mask = slots.count - 1
        var gap = gap
        var index = (gap + 1) & mask
        while let slot = slots[index] {
            let home = Self.hash(slot.id) & mask
            if (index - home) & mask >= (index - gap) & mask {
                slots[gap] = slot
                slots[index] = nil
                gap = index
            }
            index = (index + 1) & mask
        }
    }

    @usableFromInline mutating func grow() {
        let old = slots
        slots = Array(repeating: nil, count: max(4, old.count * 2))
        for case let slot? in old { slots[index(of: slot.id)] = slot }
    }
}
