import DFSClient
import DFSCore

/// Everything in a folder, the folders in it included, each entry as it comes.
struct TreeWalk {
    /// An entry, with its path below the folder that the walk began at.
    struct Step: Sendable {
        let path: String
        let status: FileStatus
    }

    let client: DFSClient
    /// As the cluster knows it; empty for the root.
    private let root: String

    /// - Parameter root: as its user wrote it: a `/` in front is the root, one at the end says that it is a folder.
    init(client: DFSClient, root: String) {
        self.client = client
        var trimmed = root.utf8[...]
        if trimmed.first == UInt8(ascii: "/") { trimmed.removeFirst() }
        if trimmed.last == UInt8(ascii: "/") { trimmed.removeLast() }
        self.root = String(Substring(trimmed))
    }

    /// Hands all entries to `visit`, those of one folder in the order of their names' bytes, a folder's own entries behind
    /// those of the folder that it is in. A folder in it that is removed meanwhile is as one that was empty.
    ///
    /// - Parameter isDeep: otherwise only the entries of the folder itself.
    func run(isDeep: Bool, _ visit: (Step) throws -> Void) async throws {
        // Folders wait on a list of their own instead of the stack, however deep they lie.
        var folders = [""]
        while let folder = folders.popLast() {
            var inner: [String] = []
            var entries = client.list(joined(root, folder)).makeAsyncIterator()
            while let entry = try await next(&entries, isInner: !folder.isEmpty) {
                let path = joined(folder, entry.name)
                try visit(Step(path: path, status: entry))
                if isDeep, entry.isFolder { inner.append(path) }
            }
            folders.append(contentsOf: inner.reversed())
        }
    }

    private func next(
        _ entries: inout Listing<FileStatus>.AsyncIterator, isInner: Bool
    ) async throws -> FileStatus? {
        do {
            return try await entries.next()
        } catch let error as DFSError where isInner && (error.code == .notFound || error.code == .failedPrecondition) {
            return nil
        }
    }

    private func joined(_ folder: String, _ name: String) -> String {
        if folder.isEmpty { return name }
        return name.isEmpty ? folder : folder + "/" + name
    }
}
