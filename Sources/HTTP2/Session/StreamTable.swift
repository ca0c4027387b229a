/// Values by stream number: a hash table with linear probing. Empty it owns hardly any memory.
///
/// A peer that chooses numbers which collide makes it as slow as a list of the streams that it may have open.
///
/// Raw memory: with `Dictionary` the look-ups of a unary call took a tenth of its CPU, and what varies of a class is checked
/// for exclusive access at run time.
final class StreamTable<Value> {
    let places: UnsafeMutablePointer<StreamPlaces<Value>>

    init() {
        places = .allocate(capacity: 1)
        places.initialize(to: StreamPlaces())
    }

    deinit {
        places.pointee.removeAll()
        places.pointee.free()
        places.deallocate()
    }

    var count: Int { places.pointee.taken }
    var isEmpty: Bool { places.pointee.taken == 0 }
    var values: [Value] { places.pointee.values }

    subscript(id: Int32) -> Value? { pointer(to: id)?.pointee }

    /// Where the value of `id` is, until the table changes.
    func pointer(to id: Int32) -> UnsafeMutablePointer<Value>? {
        if places.pointee.taken == 0 { return nil }
        let index = places.pointee.index(of: id)
        return places.pointee.ids[index] == 0 ? nil : places.pointee.slots + index
    }

    /// `id` is above 0 and not in the table.
    func insert(_ value: Value, for id: Int32) { places.pointee.insert(value, for: id) }

    func remove(_ id: Int32) -> Value? { places.pointee.remove(id) }

    func removeAll() { places.pointee.removeAll() }
}

/// The places of a ``StreamTable``.
struct StreamPlaces<Value> {
    /// A power of two, or zero; at most half of the places are taken.
    var capacity = 0
    var taken = 0
    /// Stream numbers; 0 where the place is free.
    var ids = UnsafeMutablePointer<Int32>.allocate(capacity: 0)
    var slots = UnsafeMutablePointer<Value>.allocate(capacity: 0)

    init() {}

    var values: [Value] { (0..<capacity).compactMap { ids[$0] == 0 ? nil : slots[$0] } }

    mutating func insert(_ value: Value, for id: Int32) {
        if taken * 2 >= capacity { grow(to: max(4, capacity * 2)) }
        taken += 1
        let index = index(of: id)
        ids[index] = id
        (slots + index).initialize(to: value)
    }

    mutating func remove(_ id: Int32) -> Value? {
        if taken == 0 { return nil }
        let index = index(of: id)
        if ids[index] == 0 { return nil }
        taken -= 1
        let value = (slots + index).move()
        ids[index] = 0
        closeGap(at: index)
        return value
    }

    mutating func removeAll() {
        for index in 0..<capacity where ids[index] != 0 { (slots + index).deinitialize(count: 1) }
        free()
        self = StreamPlaces()
    }

    /// Gives the memory back, which holds no values any more.
    func free() {
        ids.deallocate()
        slots.deallocate()
    }

    /// Spreads numbers that follow each other (Knuth's multiplicative hash), so that they make no long runs.
    static func hash(_ id: Int32) -> Int {
        Int(UInt32(bitPattern: id) &* 2_654_435_769 >> 16)
    }

    /// Where `id` is, or would be.
    func index(of id: Int32) -> Int {
        let mask = capacity - 1
        var index = Self.hash(id) & mask
        while ids[index] != 0, ids[index] != id { index = (index + 1) & mask }
        return index
    }

    /// Moves up what was put behind `gap` because the gap was taken.
    func closeGap(at gap: Int) {
        let mask = capacity - 1
        var gap = gap
        var index = (gap + 1) & mask
        while ids[index] != 0 {
            let home = Self.hash(ids[index]) & mask
            if (index - home) & mask >= (index - gap) & mask {
                ids[gap] = ids[index]
                (slots + gap).moveInitialize(from: slots + index, count: 1)
                ids[index] = 0
                gap = index
            }
            index = (index + 1) & mask
        }
    }

    mutating func grow(to newCapacity: Int) {
        let old = self
        capacity = newCapacity
        ids = .allocate(capacity: capacity)
        ids.initialize(repeating: 0, count: capacity)
        slots = .allocate(capacity: capacity)
        for index in 0..<old.capacity where old.ids[index] != 0 {
            let place = self.index(of: old.ids[index])
            ids[place] = old.ids[index]
            (slots + place).moveInitialize(from: old.slots + index, count: 1)
        }
        old.free()
    }
}
