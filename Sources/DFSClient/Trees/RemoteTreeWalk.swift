import DFSCore

/// Goes through a folder of the cluster: each folder before what is in it; what is in the folders of a folder follows its
/// files.
///
/// Steps name whole paths. A name that could lead out of its folder is an event of failure: what a master sends is not
/// trusted with local paths.
struct RemoteTreeWalk: TreeWalk {
    let master: MasterClient
    private let root: String
    private var hasBegun = false
    /// The folders that are still to be gone through, the next one last.
    private var folders: [String]
    /// The folder being gone through, and the folders found in it, in order.
    private var folder = ""
    private var found: [String] = []
    private var entries: Listing<FileStatus>.Iterator?

    /// - Parameter root: a folder; empty for the root of the cluster.
    init(root: String, master: MasterClient) {
        self.root = root
        self.master = master
        folders = [root]
    }

    mutating func skipFolder() {
        if entries == nil { folders.removeLast() } else { found.removeLast() }
    }

    mutating func next() async throws -> TreeStep? {
        guard hasBegun else {
            hasBegun = true
            return .folder(root)
        }
        while true {
            if entries == nil {
                guard let next = folders.popLast() else { return nil }
                folder = next
                entries = master.list(next).makeAsyncIterator()
            }
            do {
                if let entry = try await entries?.next() { return step(entry) }
            } catch {
                try Task.checkCancellation()
                endFolder()
                return .other(.failed(path: folder, DFSError(error, from: folder)))
            }
            endFolder()
        }
    }

    private mutating func step(_ entry: FileStatus) -> TreeStep {
        do {
            let path = try FileName(LocalTreeWalk.joined(folder, PathPart(entry.name).text)).text
            guard entry.isFolder else { return .file(path, length: entry.length) }
            found.append(path)
            return .folder(path)
        } catch {
            return .other(.failed(path: "\(folder)/\(entry.name)", error))
        }
    }

    private mutating func endFolder() {
        folders.append(contentsOf: found.reversed())
        (found, entries) = ([], nil)
    }
}
