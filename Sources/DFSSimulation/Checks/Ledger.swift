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

    /// What each chunk holds that a client of ours wrote.
    private(set) var contents: [ChunkID: [UInt8]] = [:]
    /// Complete files by path: their chunks.
    private(set) var files: [String: [ChunkID]] = [:]
    /// How many copies of complete files were wished for, by path.
    private(set) var copies: [String: Int] = [:]
    private(set) var folders: Set<String> = []
    /// By path: all records that were acknowledged.
    private(set) var records: [String: [Record]] = [:]
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

    func note(_ record: Record, in path: String) { records[path, default: []].append(record) }

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
        guard requests.insert(request).inserted else { return }
        files = files.filter { !Self.isAtOrBelow($0.key, path) }
        copies = copies.filter { !Self.isAtOrBelow($0.key, path) }
        folders = folders.filter { !Self.isAtOrBelow($0, path) }
    }

    private static func isAtOrBelow(_ path: String, _ other: String) -> Bool {
        path == other || path.hasPrefix(other + "/")
    }
}
