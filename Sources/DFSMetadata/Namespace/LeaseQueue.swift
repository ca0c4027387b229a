import DFSCore

/// When the leases of open files end that no connection holds: the earliest first (a binary heap).
///
/// A lease that is taken up again stays in the queue until its time; whoever takes it out looks whether it still ends. A file
/// is in it once, with its earliest time, however often its writer comes and goes: whoever takes it out too soon adds it
/// again.
struct LeaseQueue: Sendable {
    private struct Entry: Sendable, Comparable {
        let due: MonotonicInstant
        let file: FileID

        static func < (left: Entry, right: Entry) -> Bool { (left.due, left.file) < (right.due, right.file) }
    }

    private var heap: [Entry] = []
    /// The times of the files in ``heap``.
    private var times: [FileID: MonotonicInstant] = [:]

    var count: Int { times.count }

    mutating func add(_ file: FileID, until due: MonotonicInstant) {
        // A time that is moved forward, which is rare, leaves the later one behind.
        if let known = times[file], known <= due { return }
        times[file] = due
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
            if least == at { break }
            heap.swapAt(at, least)
            at = least
        }
        if times[first.file] == first.due { times[first.file] = nil }
        return first.file
    }
}
