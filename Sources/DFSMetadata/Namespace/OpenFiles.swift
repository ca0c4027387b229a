/// The files that are being written, in slots, so that the table grows without moving them.
struct OpenFiles: Sendable {
    private var entries = SlotTable<FileEntry>()
    private var slots: [FileID: UInt32] = [:]

    var count: Int { entries.count }
    /// Those that are kept when their connections are lost.
    private(set) var keptCount = 0

    subscript(id: FileID) -> FileEntry? { slots[id].map { entries[$0] } }

    /// Enters a file of which no other has the id.
    mutating func insert(_ entry: FileEntry) {
        slots[entry.header.id] = entries.insert(entry)
        if entry.header.keepSeconds > 0 { keptCount += 1 }
    }

    mutating func remove(_ id: FileID) -> FileEntry? {
        guard let slot = slots.removeValue(forKey: id) else { return nil }
        defer { entries.remove(slot) }
        if entries[slot].header.keepSeconds > 0 { keptCount -= 1 }
        return entries[slot]
    }

    /// Changes a file in its place, but not how long it is kept; nothing happens where there is none.
    mutating func change(_ id: FileID, _ body: (inout FileEntry) -> Void) {
        guard let slot = slots[id] else { return }
        body(&entries[slot])
    }
}
