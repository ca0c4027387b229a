/// Finds the slots of files by their ids: open addressing with linear probing, four bytes an entry. The ids themselves
/// stand in the files' records.
struct FileIndex: Sendable {
    private static let free = UInt32.max

    private var entries = [UInt32](repeating: free, count: 16)
    private var count = 0

    /// The slot of the file `id`.
    ///
    /// - Parameter idOf: the id of the file in a slot.
    func slot(of id: FileID, _ idOf: (UInt32) -> FileID) -> UInt32? {
        var at = home(id)
        while entries[at] != Self.free {
            if idOf(entries[at]) == id { return entries[at] }
            at = next(at)
        }
        return nil
    }

    /// Enters a file that is not in the index.
    mutating func insert(_ id: FileID, at slot: UInt32, _ idOf: (UInt32) -> FileID) {
        if (count + 1) * 4 > entries.count * 3 { grow(idOf) }
        put(slot, home(id))
        count += 1
    }

    /// Takes a file out that is in the index.
    mutating func remove(_ id: FileID, _ idOf: (UInt32) -> FileID) {
        var hole = home(id)
        while idOf(entries[hole]) != id { hole = next(hole) }
        count -= 1
        // What stands behind it moves up, unless that would put it before its home.
        var at = next(hole)
        while entries[at] != Self.free {
            let home = home(idOf(entries[at]))
            if distance(home, at) >= distance(hole, at) {
                entries[hole] = entries[at]
                hole = at
            }
            at = next(at)
        }
        entries[hole] = Self.free
    }

    private mutating func put(_ slot: UInt32, _ home: Int) {
        var at = home
        while entries[at] != Self.free { at = next(at) }
        entries[at] = slot
    }

    private mutating func grow(_ idOf: (UInt32) -> FileID) {
        let old = entries
        entries = [UInt32](repeating: Self.free, count: old.count * 2)
        for slot in old where slot != Self.free { put(slot, home(idOf(slot))) }
    }

    /// Ids that were given out one after the other spread over the table (Fibonacci hashing).
    private func home(_ id: FileID) -> Int {
        Int(truncatingIfNeeded: (id.rawValue &* 0x9E37_79B9_7F4A_7C15) >> 32) & (entries.count - 1)
    }

    private func next(_ at: Int) -> Int { (at + 1) & (entries.count - 1) }

    /// Steps from `from` to `to`.
    private func distance(_ from: Int, _ to: Int) -> Int { (to - from) & (entries.count - 1) }
}
