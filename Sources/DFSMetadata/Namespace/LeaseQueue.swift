import DFSCore

/// When the leases of open files end that no connection holds: the earliest first (a binary heap).
///
/// A lease that is taken up again stays in the queue until its time; whoever takes it out looks whether it still ends.
struct LeaseQueue: Sendable {
    private struct Entry: Sendable, Comparable {
        let due: MonotonicInstant
        let file: FileID

        static func < (left: Entry, right: Entry) -> Bool { (left.due, left.file) < (right.due, right.file) }
    }

    private var heap: [Entry] = []

    mutating func add(_ file: FileID, until due: MonotonicInstant) {
        heap.append(Entry(due: due, file: file))
        var at = heap.count - 1
        while at > 0, heap[at] < heap[(at - 1) / 2] {
            heap.swapAt(at, (at - 1) / 2)
            at = (at - 1) / 2
        }
    }

    /// Takes out the file whose time was up first; `nil` where no time is up.
    mutating func popDue(_ now: MonotonicInstant) -> FileID? {
        guard let first = heap.first, first.due <= now else { return nil }
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var at = 0
        while true {
            var least = at
            for child in [2 * at + 1, 2 * at + 2] where child < heap.count && heap[child] < heap[least] {
                least = child
            }
            if least == at { return first.file }
            heap.swapAt(at, least)
            at = least
        }
    }
}
