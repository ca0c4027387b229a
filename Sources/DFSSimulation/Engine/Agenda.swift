import DFSCore

/// What is going to happen, in the order of time and, at one time, in the order in which it was planned. One thread.
final class Agenda {
    private struct Entry {
        let due: UInt64
        let number: UInt64
        let body: () -> Void

        func isBefore(_ other: Entry) -> Bool { (due, number) < (other.due, other.number) }
    }

    /// True time, in nanoseconds since the start of the run; no node sees it.
    private(set) var now: UInt64 = 0
    /// Events so far.
    private(set) var count: UInt64 = 0
    /// Events that are to come.
    var planned: Int { entries.count }
    /// A binary heap, the next one first.
    private var entries: [Entry] = []
    private var lastNumber: UInt64 = 0

    /// Plans `body` for when `delay` has passed.
    func after(_ delay: Duration, _ body: @escaping () -> Void) {
        lastNumber += 1
        entries.append(Entry(due: now + UInt64(max(0, delay.nanoseconds)), number: lastNumber, body: body))
        var child = entries.count - 1
        while child > 0, entries[child].isBefore(entries[(child - 1) / 2]) {
            entries.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// Lets the next thing happen that is due by `end`.
    ///
    /// - Returns: false where there is none; then it is `end`.
    func step(until end: UInt64) -> Bool {
        guard let first = entries.first, first.due <= end else {
            now = max(now, end)
            return false
        }
        removeFirst()
        now = first.due
        count += 1
        first.body()
        return true
    }

    /// Forgets everything, and with it what the plans hold.
    func clear() { entries = [] }

    private func removeFirst() {
        entries.swapAt(0, entries.count - 1)
        entries.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < entries.count && entries[child].isBefore(entries[least]) {
                least = child
            }
            if least == parent { return }
            entries.swapAt(parent, least)
            parent = least
        }
    }
}
