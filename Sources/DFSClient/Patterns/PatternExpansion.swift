import DFSCore

/// Finds what a pattern stands for, by listing only the folders that can hold it.
struct PatternExpansion {
    let client: DFSClient
    let visit: (String, FileStatus?) async throws -> Void
    private var count = 0

    init(client: DFSClient, visit: @escaping (String, FileStatus?) async throws -> Void) {
        self.client = client
        self.visit = visit
    }

    /// As ``DFSClient/forEachMatch(of:_:)``.
    mutating func run(_ pattern: String) async throws {
        guard PartPattern.isPattern(pattern) else { return try await visit(pattern, nil) }
        do {
            if let status = try await status(of: pattern) { return try await visit(pattern, status) }
        } catch let error as DFSError where error.code == .unimplemented {
            // A Go master has no folders to list: the path is all there is.
            return try await visit(pattern, nil)
        }
        let parts = try RemotePath(pattern).text.pathParts.map { PartPattern($0) }
        try await expand("", parts[...])
        guard count > 0 else {
            throw DFSError(.notFound, "nothing matches \(quoted(pattern)); a backslash takes *, ? and [ as they are")
        }
    }

    /// Visits what stands below `folder`, which the first parts have led to, and matches `parts`, which are not empty.
    private mutating func expand(_ folder: String, _ parts: ArraySlice<PartPattern>) async throws {
        var (folder, parts) = (folder, parts)
        while let name = parts.first?.literal {
            folder = LocalTreeWalk.joined(folder, name)
            parts.removeFirst()
            guard parts.isEmpty else { continue }
            if let status = try await status(of: folder) { try await match(folder, status) }
            return
        }
        guard let first = parts.first else { return }
        var entries = client.list(folder).makeAsyncIterator()
        while let entry = try await next(&entries) {
            guard first.matches(entry.name) else { continue }
            let path = LocalTreeWalk.joined(folder, entry.name)
            if parts.count == 1 {
                try await match(path, entry)
            } else if entry.isFolder {
                try await expand(path, parts.dropFirst())
            }
        }
    }

    private mutating func match(_ path: String, _ status: FileStatus) async throws {
        count += 1
        try await visit(path, status)
    }

    /// `nil` where nothing stands there.
    private func status(of path: String) async throws -> FileStatus? {
        do {
            return try await client.status(of: path)
        } catch let error as DFSError where error.code == .notFound {
            return nil
        }
    }

    /// The next entry; `nil` also where the folder is none, or is gone.
    private func next(_ entries: inout Listing<FileStatus>.Iterator) async throws -> FileStatus? {
        do {
            return try await entries.next()
        } catch let error as DFSError where error.code == .notFound || error.code == .failedPrecondition {
            return nil
        }
    }
}
