import DFSCore
import DFSWire

/// A file or folder as the master lists it.
public struct FileStatus: Sendable, Equatable {
    /// The last part of its path; of something in the trash, the whole path that it had.
    public let name: String
    /// Otherwise it is a complete file.
    public let isFolder: Bool
    /// Bytes in the file; 0 for a folder.
    public let length: Int
    /// Wanted copies of each chunk; 0 for a folder.
    public let replication: Int
    /// Chunks of the file; 0 for a folder.
    public let chunkCount: Int
    /// Whether the file is being appended to: behind its chunks is one that takes records, and counts when it is sealed.
    public let isAppended: Bool
    /// When it was begun, in seconds since 1970; 0 where nobody knows.
    public let createdAt: Int
    /// When the file became complete, in seconds since 1970; 0 where nobody knows.
    public let modifiedAt: Int
    /// CRC-32C of the whole file. Only ``DFSClient/status(of:)`` asks for it; `nil` in listings, and for a folder.
    public let crc32c: UInt32?
    /// Its owner's notes. Only ``DFSClient/status(of:)`` asks for them; none in listings, and for a folder.
    public let attributes: FileAttributes

    init(_ status: DFSWire.FileStatus, crc32c: UInt32? = nil, attributes: FileAttributes = FileAttributes()) {
        name = status.name
        isFolder = status.isFolder
        length = Int(clamping: status.length)
        replication = Int(status.replication)
        chunkCount = Int(status.chunkCount)
        isAppended = status.isAppended
        createdAt = Int(clamping: status.createdAt)
        modifiedAt = Int(clamping: status.modifiedAt)
        self.crc32c = crc32c
        self.attributes = attributes
    }
}

/// One removal that waits in the trash.
public struct TrashEntry: Sendable, Equatable {
    /// Names it in ``DFSClient/restore(_:to:)``.
    public let id: String
    /// In seconds since 1970.
    public let removedAt: Int
    /// Whether it is being deleted for good, and cannot be restored any more.
    public let isPurging: Bool
    /// What was removed.
    public let file: FileStatus

    init(_ entry: DFSWire.TrashEntry) {
        id = entry.id
        removedAt = Int(clamping: entry.removedAt)
        isPurging = entry.isPurging
        file = FileStatus(entry.node)
    }
}

/// The entries of a folder or of the trash, fetched a page at a time as they are asked for: a folder of a million entries
/// takes no more memory than a page.
///
/// What is added or removed while it is read may be missing or seen; nothing is seen twice.
public struct Listing<Element: Sendable>: AsyncSequence, Sendable {
    /// One page: what comes behind the given cursor, and the cursor of the next page, `nil` at the end.
    let page: @Sendable (String) async throws -> (elements: [Element], next: String?)

    /// Reads from the first entry on.
    public func makeAsyncIterator() -> Iterator { Iterator(page: page) }

    /// Reads the pages one after the other.
    public struct Iterator: AsyncIteratorProtocol {
        let page: @Sendable (String) async throws -> (elements: [Element], next: String?)
        private var rest: ArraySlice<Element> = []
        private var cursor: String? = ""

        init(page: @escaping @Sendable (String) async throws -> (elements: [Element], next: String?)) {
            self.page = page
        }

        /// The next entry; `nil` at the end.
        public mutating func next() async throws -> Element? {
            while rest.isEmpty {
                guard let after = cursor else { return nil }
                let (elements, next) = try await page(after)
                rest = elements[...]
                cursor = next
            }
            return rest.popFirst()
        }
    }
}
