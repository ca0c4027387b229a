import DFSCore

/// One chunk of a file that is open or sealed, with all that is known of its replicas.
struct Chunk: Sendable {
    let id: ChunkID
    let file: FileID
    let index: Int
    /// Set once, when a copy is proven whole; from then on it decides what a good copy is.
    var digest: Digest?
    /// Read from the store at start, so that servers which hold it may not have registered yet.
    let isRecovered: Bool
    /// In the order in which the servers were handed out.
    var replicas: [Replica] = []

    /// The place of the server's replica in ``replicas``.
    func position(of server: ServerHandle) -> Int? {
        replicas.firstIndex { $0.server == server }
    }

    func replica(on server: ServerHandle) -> Replica? {
        position(of: server).map { replicas[$0] }
    }
}

/// Names a chunk inside the state, in four bytes. A handle is used again after its chunk is gone, so nothing outside the
/// state may hold one.
struct ChunkHandle: Hashable, Sendable, Comparable {
    let rawValue: UInt32

    static func < (left: ChunkHandle, right: ChunkHandle) -> Bool { left.rawValue < right.rawValue }
}
