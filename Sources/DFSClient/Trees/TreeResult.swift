/// What became of one file or folder while a tree was put or got.
public enum TreeEvent: Sendable {
    /// The file is whole where it shall be; its path in the cluster, and its bytes.
    case moved(path: String, length: Int)
    /// Not a thing that is copied, such as a symbolic link.
    case skipped(path: String, reason: String)
    /// It could not be moved; everything else goes on.
    case failed(path: String, DFSError)
}

/// Told of each file of a tree, one call at a time; must not block.
public typealias TreeHandler = (TreeEvent) -> Void

/// What came of a put or get of a tree.
public struct TreeResult: Sendable, Equatable {
    /// Files that were moved.
    public internal(set) var fileCount = 0
    /// Bytes of these files.
    public internal(set) var byteCount = 0
    /// Things that are not copied.
    public internal(set) var skippedCount = 0
    /// Files and folders that could not be moved. Nothing in such a folder was tried.
    public internal(set) var failureCount = 0
    /// The first of them, as ``TreeEvent/failed(path:_:)`` named them; no more than ``maxFailedPaths``.
    public internal(set) var failedPaths: [String] = []

    /// So many failures are remembered.
    public static let maxFailedPaths = 20

    mutating func add(_ event: TreeEvent) {
        switch event {
        case .moved(_, let length):
            fileCount += 1
            byteCount += length
        case .skipped: skippedCount += 1
        case .failed(let path, _):
            failureCount += 1
            if failedPaths.count < Self.maxFailedPaths { failedPaths.append(path) }
        }
    }
}
