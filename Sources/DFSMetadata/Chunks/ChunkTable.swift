import DFSCore

/// All chunks of open and sealed files, by handle.
struct ChunkTable: Sendable {
    private var table = SlotTable<Chunk>()

    var count: Int { table.count }

    /// Above the numbers of all handles there ever were.
    var end: UInt32 { table.end }

    /// Every handle in use, in a fixed order.
    var all: some Sequence<ChunkHandle> { table.slots.lazy.map { ChunkHandle(rawValue: $0) } }

    /// The chunk of a handle that is in use.
    subscript(handle: ChunkHandle) -> Chunk {
        get { table[handle.rawValue] }
        _modify { yield &table[handle.rawValue] }
    }

    /// Whether `handle` is in use; queues may hold handles of chunks that are gone.
    func holds(_ handle: ChunkHandle) -> Bool { table.holds(handle.rawValue) }

    mutating func insert(_ chunk: Chunk) -> ChunkHandle { ChunkHandle(rawValue: table.insert(chunk)) }

    mutating func remove(_ handle: ChunkHandle) { table.remove(handle.rawValue) }
}
