import DFSCore
import DFSFiles

/// Puts of local folders.
extension Uploader {
    /// As ``DFSClient/putTree(_:as:options:onEvent:)``.
    public func putTree(
        _ folder: String, as path: String, options: PutOptions = PutOptions(), onEvent: TreeHandler = { _ in }
    ) async throws -> TreeResult {
        let root = try RemotePath(path).text
        try await checkFolder(folder)
        let transfer = TreeTransfer(
            filesInFlight: context.configuration.filesInFlight,
            makeFolder: { [master] path in
                let path = LocalTreeWalk.joined(root, path)
                if !path.isEmpty { try await master.makeFolder(path) }
            },
            move: { path in
                let local = LocalTreeWalk.joined(folder, path)
                let name = LocalTreeWalk.joined(root, path)
                return try await self.put(local, as: name, options: options).length
            })
        do {
            return try await transfer.run(LocalTreeWalk(root: folder, context: context)) { event in
                onEvent(event.inFolder(root))
            }
        } catch {
            throw DFSError(error, of: "put of \(folder)")
        }
    }

    private func checkFolder(_ folder: String) async throws {
        // The `/.` also follows a symbolic link that the folder is named by.
        let kind = try await context.onFileThread { [files = context.files] in
            try files.status(of: folder)?.kind == .symbolicLink
                ? files.status(of: folder + "/.")?.kind : files.status(of: folder)?.kind
        }
        switch kind {
        case .folder: break
        case nil: throw DFSError(.notFound, "the local folder \(folder) does not exist")
        default: throw DFSError(.invalidArgument, "\(folder) is no folder; put it without -r")
        }
    }
}

extension TreeEvent {
    /// The same with the path in the cluster of what was moved.
    fileprivate func inFolder(_ root: String) -> TreeEvent {
        guard case .moved(let path, let length) = self else { return self }
        return .moved(path: LocalTreeWalk.joined(root, path), length: length)
    }
}
