import DFSCore

/// All chunks of open and sealed files, by id and by handle.
struct ChunkTable: Sendable {
    private var slots: [Chunk?] = []
    private var unused: [ChunkHandle] = []
    private var handles: [ChunkID: ChunkHandle] = [:]

    var count: Int { handles.count }

    /// Every handle in use, in a fixed order.
    var all: some Sequence<ChunkHandle> {
        slots.indices.lazy.filter { slots[$0] != nil }.map { ChunkHandle(rawValue: UInt32($0)) }
    }

    /// The chunk of a handle that is in use.
    subscript(handle: ChunkHandle) -> Chunk {
        get { slots[Int(handle.rawValue)]! }
        _modify { yield &slots[Int(handle.rawValue)]! }
    }

    func handle(of id: ChunkID) -> ChunkHandle? { handles[id] }

    /// Whether `handle` is in use; queues may hold handles of chunks that are gone.
    func holds(_ handle: ChunkHandle) -> Bool {
        slots.indices.contains(Int(handle.rawValue)) && slots[Int(handle.rawValue)] != nil
    }

    mutating func insert(_ chunk: Chunk) -> ChunkHandle {
        let handle: ChunkHandle
        if let reused = unused.popLast() {
            handle = reused
            slots[Int(handle.rawValue)] = chunk
        } else {
            handle = ChunkHandle(rawValue: UInt32(slots.count))
            slots.append(chunk)
        }
        let previous = handles.updateValue(handle, forKey: chunk.id)
        precondition(previous == nil, "a chunk id is never made twice")
        return handle
    }

    mutating func remove(_ handle: ChunkHandle) {
        handles[self[handle].id] = nil
        slots[Int(handle.rawValue)] = nil
        unused.append(handle)
    }
}
