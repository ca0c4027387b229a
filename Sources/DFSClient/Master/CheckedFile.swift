import DFSServices
import DFSWire

/// A file and how its replicas are.
public struct CheckedFile: Sendable, Equatable {
    /// From good to bad.
    public enum State: String, Sendable, CaseIterable {
        /// Every chunk has all copies that are wanted, on live servers.
        case healthy
        /// Every chunk has a complete copy on a live server, some have fewer than are wanted. The master has copies made
        /// where servers have room.
        case underReplicated = "under-replicated"
        /// Some chunk has no complete copy on a live server.
        case missing
        /// It is still being written, or waits for proof that it is whole.
        case open
    }

    /// In the cluster.
    public let path: String
    /// Bytes; 0 while it is open.
    public let length: Int
    /// Copies of each chunk that are wanted.
    public let replication: Int
    /// Chunks of the file, so far.
    public let chunkCount: Int
    /// Whether the file is being appended to: behind its chunks is one that takes records, of which nothing is told here.
    public let isAppended: Bool
    /// Chunks with all copies.
    public private(set) var healthyChunks: Int
    /// Chunks with some.
    public private(set) var underReplicatedChunks: Int
    /// Chunks with none that is complete on a live server.
    public private(set) var missingChunks: Int
    /// Where they were asked for, in order of the file: with all live servers that hold them whole.
    public private(set) var chunks: [ChunkLocation]
    /// The master has started so lately that chunk servers which are well may not have come back to it.
    public let isMasterStarting: Bool
    private let isOpen: Bool

    /// As bad as the worst chunk.
    public var state: State {
        if isOpen { return .open }
        if missingChunks > 0 { return .missing }
        return underReplicatedChunks > 0 ? .underReplicated : .healthy
    }

    init(_ file: DFSWire.CheckedFile, isMasterStarting: Bool) {
        path = file.path
        isOpen = file.isOpen
        length = Int(clamping: file.length)
        replication = Int(file.replication)
        chunkCount = Int(file.chunkCount)
        isAppended = file.isAppended
        healthyChunks = Int(file.healthyChunks)
        underReplicatedChunks = Int(file.underReplicatedChunks)
        missingChunks = Int(file.missingChunks)
        chunks = file.chunks.enumerated().map { offset, chunk in
            ChunkLocation(
                id: chunk.digest.chunkID, index: Int(file.firstChunk) + offset,
                length: chunk.digestKnown ? Int(clamping: chunk.digest.length) : nil,
                crc32c: chunk.digestKnown ? chunk.digest.crc32c : nil, servers: chunk.servers)
        }
        self.isMasterStarting = isMasterStarting
    }

    /// Adds what the master tells of further chunks of the same file.
    mutating func add(_ more: CheckedFile) {
        healthyChunks += more.healthyChunks
        underReplicatedChunks += more.underReplicatedChunks
        missingChunks += more.missingChunks
        chunks += more.chunks
    }
}

/// A check of files, fetched a page at a time as it is asked for.
///
/// What changes while it runs may be missing or seen.
public struct FileChecks: AsyncSequence, Sendable {
    let master: MasterClient
    let path: String
    let withChunks: Bool

    /// Checks from the first file on.
    public func makeAsyncIterator() -> Iterator {
        Iterator(master: master, path: path, withChunks: withChunks)
    }

    /// Asks for the pages one after the other.
    public struct Iterator: AsyncIteratorProtocol {
        private let master: MasterClient
        private let path: String
        private let withChunks: Bool
        private var page: ArraySlice<DFSWire.CheckedFile> = []
        private var isStarting = false
        private var position: CheckPosition?
        private var hasMore = true

        init(master: MasterClient, path: String, withChunks: Bool) {
            self.master = master
            self.path = path
            self.withChunks = withChunks
        }

        /// The next file, with all its chunks; `nil` at the end.
        public mutating func next() async throws -> CheckedFile? {
            guard let first = try await nextPart() else { return nil }
            page.removeFirst()
            var file = CheckedFile(first, isMasterStarting: isStarting)
            while let more = try await nextPart(), more.firstChunk > 0, more.path == file.path {
                page.removeFirst()
                file.add(CheckedFile(more, isMasterStarting: isStarting))
            }
            return file
        }

        /// What comes next, left where it is.
        private mutating func nextPart() async throws -> DFSWire.CheckedFile? {
            while page.isEmpty, hasMore {
                let response = try await master.check(path, after: position, withChunks: withChunks)
                page = response.files[...]
                // A position that stands still would have us ask for ever.
                hasMore = response.end != nil && response.end != position
                position = response.end
                isStarting = response.isStarting
            }
            return page.first
        }
    }
}

extension MasterClient {
    /// As ``DFSClient/checkFiles(_:withChunks:)``.
    public func checkFiles(_ path: String, withChunks: Bool = false) -> FileChecks {
        FileChecks(master: self, path: path, withChunks: withChunks)
    }

    fileprivate func check(
        _ path: String, after position: CheckPosition?, withChunks: Bool
    ) async throws -> CheckFilesResponse {
        let path = try RemotePath(path).text
        try await requireSwift("check files")
        let request = CheckFilesRequest(path: path, after: position, withChunks: withChunks)
        return try await call(Methods.checkFiles, request, as: CheckFilesResponse.self)
    }
}
