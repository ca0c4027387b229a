import DFSCore

/// One chunk of a file that is open or sealed, with all that is known of its replicas.
struct Chunk: Sendable {
    let file: FileID
    private var length: UInt64 = 0
    private let number: Int32
    private var crc32c: UInt32 = 0
    var replicas = Replicas()
    private var isProven = false
    /// Read from the store at start, so that servers which hold it may not have registered yet.
    let isRecovered: Bool
    /// Whether no server has told of it since the start.
    var isUnheard = false
    /// As it was counted last.
    var health = ChunkHealth.uncounted
    /// Whether a copy was found damaged since it was whole.
    var isDamaged = false

    init(file: FileID, index: Int, digest: Digest?, isRecovered: Bool) {
        self.file = file
        number = Int32(index)
        self.isRecovered = isRecovered
        self.digest = digest
    }

    /// Its place in the file.
    var index: Int { Int(number) }

    /// Set once, when a copy is proven whole; from then on it decides what a good copy is.
    var digest: Digest? {
        get { isProven ? Digest(length: length, crc32c: crc32c) : nil }
        set {
            isProven = newValue != nil
            length = newValue?.length ?? 0
            crc32c = newValue?.crc32c ?? 0
        }
    }

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
