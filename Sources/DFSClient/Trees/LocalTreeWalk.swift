import DFSCore
import DFSFiles

/// Goes through a local folder: each folder before what is in it, names in the order of their bytes.
///
/// Steps name paths below the folder that the walk began at, which itself is the first step, named by no bytes.
struct LocalTreeWalk: TreeWalk {
    private struct Level {
        let path: String
        /// Last first.
        var names: [String]
        var unusableNames: [String]
    }

    let root: String
    let context: ClientContext
    private var levels: [Level] = []
    /// The folder of the last step, which is to be entered.
    private var entering: String?
    private var hasBegun = false

    init(root: String, context: ClientContext) {
        self.root = root
        self.context = context
    }

    mutating func skipFolder() { entering = nil }

    mutating func next() async throws -> TreeStep? {
        guard hasBegun else {
            (hasBegun, entering) = (true, "")
            return .folder("")
        }
        if let folder = entering {
            entering = nil
            do {
                levels.append(try await level(folder))
            } catch {
                return .other(.failed(path: Self.joined(root, folder), DFSError(error, from: root)))
            }
        }
        while let depth = levels.indices.last {
            let folder = levels[depth].path
            if let name = levels[depth].unusableNames.popLast() {
                let path = Self.joined(Self.joined(root, folder), name)
                let text = "the name \(quoted(name)) in \(Self.joined(root, folder)) is not valid UTF-8; rename it"
                return .other(.failed(path: path, DFSError(.invalidArgument, text)))
            }
            guard let name = levels[depth].names.popLast() else {
                levels.removeLast()
                continue
            }
            if let step = try await step(name, in: folder) { return step }
        }
        return nil
    }

    /// `nil` where nothing is there any more.
    private mutating func step(_ name: String, in folder: String) async throws -> TreeStep? {
        let path = Self.joined(folder, name)
        let local = Self.joined(root, path)
        do {
            let status = try await context.onFileThread { [files = context.files] in try files.status(of: local) }
            switch status?.kind {
            case nil: return nil
            case .file where PartialFile.isLeftover(name):
                return .other(.skipped(path: local, reason: "a temporary file of a get, left by one that was killed"))
            case .file: return .file(path, length: Int(clamping: status?.size ?? 0))
            case .folder:
                entering = path
                return .folder(path)
            case .symbolicLink: return .other(.skipped(path: local, reason: "a symbolic link"))
            case .other: return .other(.skipped(path: local, reason: "neither a file nor a folder"))
            }
        } catch {
            return .other(.failed(path: local, DFSError(error, from: local)))
        }
    }

    private func level(_ folder: String) async throws -> Level {
        let local = Self.joined(root, folder)
        let list = try await context.onFileThread { [files = context.files] in try files.list(folder: local) }
        let names = list.names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        return Level(path: folder, names: names.reversed(), unusableNames: list.unusableNames)
    }

    /// `name` in `folder`; either may be empty.
    static func joined(_ folder: String, _ name: String) -> String {
        if folder.isEmpty { return name }
        if name.isEmpty { return folder }
        return folder.hasSuffix("/") ? folder + name : folder + "/" + name
    }
}
