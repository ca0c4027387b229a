import DFSCore
import DFSMetadata

/// What was promised to clients, written down as it was decided: the model that the cluster is compared with.
final class Ledger {
    /// A record and where its primary said that it is.
    struct Record {
        let chunk: ChunkID
        let offset: Int
        let bytes: [UInt8]
    }

    /// A tree in the trash.
    struct Removal {
        let path: String
        let files: [String: [ChunkID]]
        let copies: [String: Int]
        let folders: Set<String>
    }

    /// What each chunk holds that a client of ours wrote.
    private(set) var contents: [ChunkID: [UInt8]] = [:]
    /// Complete files by path: their chunks.
    private(set) var files: [String: [ChunkID]] = [:]
    /// How many copies of complete files were wished for, by path.
    private(set) var copies: [String: Int] = [:]
    private(set) var folders: Set<String> = []
    /// What was removed or replaced, by the trash's ids, with paths from where it stood on.
    private(set) var trash: [PathPart: Removal] = [:]
    /// By file: all records that were acknowledged.
    private var recordsByFile: [FileID: [Record]] = [:]
    private var appended: Set<FileID> = []
    /// Go clients' files whose clients ended well, with what their chunks hold.
    private(set) var goFiles: [String: [[UInt8]]] = [:]
    /// Go clients' files that the master has settled.
    private(set) var settled: Set<String> = []
    private var completed: Set<FileID> = []
    private var requests: Set<String> = []

    func note(_ content: [UInt8], of chunk: ChunkID) { contents[chunk] = content }

    func noteSealed(_ name: String) { if name.hasPrefix("go") { settled.insert(name) } }

    /// A Go client's file that ended well.
    func noteGoFile(_ name: String, _ chunks: [[UInt8]]) { goFiles[name] = chunks }

    /// A client may append to the file from now on.
    func noteAppends(to chunk: ChunkID) { if let file = FileID(in: chunk) { appended.insert(file) } }

    /// Whether records may stand behind what was put into what is the file of this path now.
    func hasAppends(_ path: String) -> Bool { file(of: path).map { appended.contains($0) } ?? false }

    private func file(of path: String) -> FileID? { files[path]?.first.flatMap { FileID(in: $0) } }

    func note(_ record: Record) {
        if let file = FileID(in: record.chunk) { recordsByFile[file, default: []].append(record) }
    }

    /// All records that were acknowledged of what is the file of this path now.
    func records(of path: String) -> [Record] {
        file(of: path).flatMap { recordsByFile[$0] } ?? []
    }

    // MARK: The namespace, in the order of the master's decisions

    func completed(_ upload: FileID, as path: String, _ chunks: [ChunkID]) {
        guard completed.insert(upload).inserted else { return }
        files[path] = chunks
        copies[path] = nil
    }

    func wished(_ count: Int, of path: String) { copies[path] = count }

    func madeFolder(_ path: String) { folders.insert(path) }

    func renamed(_ source: String, to target: String, request: String) {
        guard requests.insert(request).inserted, source != target else { return }
        (files[target], copies[target]) = (nil, nil)
        for path in files.keys.filter({ Self.isAtOrBelow($0, source) }) {
            files[target + path.dropFirst(source.count)] = files.removeValue(forKey: path)
            copies[target + path.dropFirst(source.count)] = copies.removeValue(forKey: path)
        }
        for path in folders.filter({ Self.isAtOrBelow($0, source) }) {
            folders.remove(path)
            folders.insert(target + path.dropFirst(source.count))
        }
    }

    func removed(_ path: String, request: String) {
        if requests.insert(request).inserted { forget(path) }
    }

    /// What stood there stands in the trash.
    func trashed(_ path: String, as id: PathPart) {
        trash[id] = Removal(
            path: path, files: files.filter { Self.isAtOrBelow($0.key, path) },
            copies: copies.filter { Self.isAtOrBelow($0.key, path) },
            folders: folders.filter { Self.isAtOrBelow($0, path) })
        forget(path)
    }

    /// It is back, with the folders that lead to it.
    func restored(_ id: PathPart, to target: String?, request: String) {
        guard requests.insert(request).inserted, let removal = trash.removeValue(forKey: id) else { return }
        let target = target ?? removal.path
        func moved(_ path: String) -> String { target + path.dropFirst(removal.path.count) }
        for (path, chunks) in removal.files { files[moved(path)] = chunks }
        for (path, count) in removal.copies { copies[moved(path)] = count }
        for path in removal.folders { folders.insert(moved(path)) }
        let parts = target.split(separator: "/")
        for count in 1..<max(1, parts.count) { folders.insert(parts.prefix(count).joined(separator: "/")) }
    }

    private func forget(_ path: String) {
        files = files.filter { !Self.isAtOrBelow($0.key, path) }
        copies = copies.filter { !Self.isAtOrBelow($0.key, path) }
        folders = folders.filter { !Self.isAtOrBelow($0, path) }
    }

    private static func isAtOrBelow(_ path: String, _ other: String) -> Bool {
        path == other || path.hasPrefix(other + "/")
    }
}
