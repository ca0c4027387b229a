import DFSCore
import DFSFiles

/// Gets of folders.
extension Downloader {
    /// As ``DFSClient/getTree(_:into:options:onEvent:)``.
    public func getTree(
        _ path: String, into folder: String, options: GetOptions = GetOptions(), onEvent: TreeHandler = { _ in }
    ) async throws -> TreeResult {
        let options = GetOptions(isDurable: options.isDurable)
        let root = try RemotePath(path).text
        let status = try await master.status(of: root.isEmpty ? "/" : root)
        let target = folder.isEmpty ? "." : folder
        let makeFolder = { @Sendable (path: String) in
            try await self.context.onFileThread { [files = self.context.files] in
                try Self.makeFolder(path, in: target, files)
            }
        }
        guard status.isFolder else {
            try await makeFolder(root.parentPath ?? "")
            let result = try await get(root, into: target, options: options)
            var tree = TreeResult()
            tree.add(.moved(path: root, length: result.length))
            onEvent(.moved(path: root, length: result.length))
            return tree
        }
        let folderSyncs = FolderSyncs(context.files)
        let transfer = TreeTransfer(
            filesInFlight: context.configuration.filesInFlight,
            makeFolder: makeFolder,
            move: { path in
                try await self.get(path, into: target, options: options, folderSyncs: folderSyncs, onProgress: nil)
                    .length
            })
        let result: TreeResult
        do {
            result = try await transfer.run(RemoteTreeWalk(root: root, master: master), onEvent)
        } catch {
            throw DFSError(error, of: "get of \(path)")
        }
        try await context.onFileThread { try folderSyncs.syncAll() }
        return result
    }

    /// Makes the folder `path` in `target`. A symbolic link on the way would lead elsewhere, so it is an error.
    private static func makeFolder(_ path: String, in target: String, _ files: any FileSystem) throws(DFSError) {
        try files.makeFolder(target)
        var local = target
        for part in path.pathParts {
            local = LocalTreeWalk.joined(local, part)
            switch try files.status(of: local)?.kind {
            case .folder: continue
            case nil: try files.makeFolder(local)
            case .symbolicLink:
                throw DFSError(
                    .failedPrecondition,
                    "\(local) is a symbolic link, which may lead out of \(target); move it away, or choose another folder"
                )
            case .file, .other:
                throw DFSError(
                    .failedPrecondition, "\(local) is no folder; move it away, or choose another local folder")
            }
        }
    }
}
