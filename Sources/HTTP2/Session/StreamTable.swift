/// Values by stream number: a hash table with linear probing. Empty it owns no memory.
///
/// A peer that chooses numbers which collide makes it as slow as a list of the streams that it may have open. Raw memory:
/// with `Dictionary` the look-ups of a unary call took a tenth of its CPU.
struct StreamTable<Value>: ~Copyable {
    private static var minCapacity: Int { 4 }

    private(set) var count = 0
    /// Stream numbers; 0 where the place is free. A power of two of them, at most half of them taken; or none.
    private(set) var ids = UnsafeMutableBufferPointer<Int32>(start: nil, count: 0)
    private var slots = UnsafeMutableBufferPointer<Value>(start: nil, count: 0)

    init() {}

    deinit {
        for index in ids.indices where ids[index] != 0 { slots.deinitializeElement(at: index) }
        ids.deallocate()
        slots.deallocate()
    }

    var values: [Value] { ids.indices.compactMap { ids[$0] == 0 ? nil : slots[$0] } }

    /// Where the value of `id` is, until the table changes.
    func pointer(to id: Int32) -> UnsafeMutablePointer<Value>? {
        if count == 0 { return nil }
        let index = index(of: id)
        return ids[index] == 0 ? nil : slots.baseAddress?.advanced(by: index)
    }

    /// `id` is above 0 and not in the table.
    mutating func insert(_ value: consuming Value, for id: Int32) {
        if count * 2 >= ids.count { grow() }
        count += 1
        let index = index(of: id)
        ids[index] = id
        slots.initializeElement(at: index, to: value)
    }

    mutating func remove(_ id: Int32) -> Value? {
        if count == 0 { return nil }
        let index = index(of: id)
        if ids[index] == 0 { return nil }
        count -= 1
        let value = slots.moveElement(from: index)
        ids[index] = 0
        closeGap(at: index)
        return value
    }

    /// Spreads numbers that follow each other (Knuth's multiplicative hash), so that they make no long runs.
    private static func hash(_ id: Int32) -> Int {
        Int(UInt32(bitPattern: id) &* 2_654_435_769 >> 16)
    }

    /// Where `id` is, or would be.
    private func index(of id: Int32) -> Int {
        let mask = ids.count - 1
        var index = Self.hash(id) & mask
        while ids[index] != 0, ids[index] != id { index = (index + 1) & mask }
        return index
    }

    /// Moves up what was put behind `gap` because the gap was taken.
    private func closeGap(at gap: Int) {
        let mask = ids.count - 1
        var gap = gap
        var index = (gap + 1) & mask
        while ids[index] != 0 {
            let home = Self.hash(ids[index]) & mask
            if (index - home) & mask >= (index - gap) & mask {
                move(from: index, to: gap, ids, slots)
                ids[index] = 0
                gap = index
            }
            index = (index + 1) & mask
        }
    }

    private func move(
        from old: Int, to new: Int, _ oldIDs: UnsafeMutableBufferPointer<Int32>,
        _ oldSlots: UnsafeMutableBufferPointer<Value>
    ) {
        ids[new] = oldIDs[old]
        slots.initializeElement(at: new, to: oldSlots.moveElement(from: old))
    }

    private mutating func grow() {
        let (oldIDs, oldSlots) = (ids, slots)
        let capacity = max(Self.minCapacity, oldIDs.count * 2)
        ids = .allocate(capacity: capacity)
        ids.initialize(repeating: 0)
        slots = .allocate(capacity: capacity)
        for index in oldIDs.indices where oldIDs[index] != 0 {
            move(from: index, to: self.index(of: oldIDs[index]), oldIDs, oldSlots)
        }
        oldIDs.deallocate()
        oldSlots.deallocate()
    }
}
