import DFSClient

/// Everything in a folder, the folders in it included, each entry as it comes.
struct TreeWalk {
    /// An entry, with its path below the folder that the walk began at.
    struct Step: Sendable {
        let path: String
        let status: FileStatus
    }

    let client: DFSClient
    /// As the cluster knows it; empty for the root.
    let root: String

    /// Hands all entries to `visit`, those of one folder in the order of their names' bytes, a folder's own entries behind
    /// those of the folder that it is in.
    ///
    /// - Parameter isDeep: otherwise only the entries of the folder itself.
    func run(isDeep: Bool, _ visit: (Step) throws -> Void) async throws {
        // Folders wait on a list of their own instead of the stack, however deep they lie.
        var folders = [""]
        while let folder = folders.popLast() {
            var inner: [String] = []
            for try await entry in client.list(joined(root, folder)) {
                let path = joined(folder, entry.name)
                try visit(Step(path: path, status: entry))
                if isDeep, entry.isFolder { inner.append(path) }
            }
            folders.append(contentsOf: inner.reversed())
        }
    }

    private func joined(_ folder: String, _ name: String) -> String {
        if folder.isEmpty { return name }
        return name.isEmpty ? folder : folder + "/" + name
    }
}
