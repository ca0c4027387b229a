import DFSCore
import Testing

@testable import DFSMetadata

/// Namespace operations by short names.
extension MasterHarness {
    enum Question { case list, status }

    /// Puts a file of one chunk, complete on `count` servers.
    @discardableResult
    mutating func put(
        _ name: String, on count: Int = 1, replaces: Bool = false, attributes: [String: String] = [:]
    ) throws -> ChunkID {
        let upload = try create(name, replaces: replaces, attributes: attributes).answer.upload()
        let (id, servers) = try allocate(name, 0, upload: upload).answer.allocation()
        let holders = try servers.prefix(count).map { try ServerAddress($0) }
        let written = WrittenChunk(id: id, digest: .short, servers: Array(holders))
        #expect(complete(upload, [written]).answer.code == nil)
        return id
    }

    mutating func ask(_ question: Question, _ path: String) throws -> Result<Answer, DFSError> {
        let path = try FileName(path)
        return ask { call in
            switch question {
            case .list: .list(path, after: nil, limit: 0, call)
            case .status: .lookUp(path, call)
            }
        }.answer
    }

    mutating func status(_ path: String) throws -> NodeStatus {
        guard case .status(let status) = try ask(.status, path).get() else { throw WrongAnswer() }
        return status
    }

    mutating func list(_ folder: String, after cursor: PathPart?, limit: Int) throws -> Result<Answer, DFSError> {
        let folder = try FileName(folder)
        return ask { .list(folder, after: cursor, limit: limit, $0) }.answer
    }

    mutating func list(_ folder: String?) throws -> [String] {
        let folder = try folder.map { try FileName($0) }
        guard case .listed(let nodes, false) = try ask({ .list(folder, after: nil, limit: 0, $0) }).answer.get() else {
            throw WrongAnswer()
        }
        return nodes.map { $0.kind == .folder ? $0.name + "/" : $0.name }
    }

    @discardableResult
    mutating func makeFolder(_ path: String, isExpected: Bool = true) throws -> Result<Answer, DFSError> {
        let path = try FileName(path)
        let answer = ask { .makeFolder(path, $0) }.answer
        if isExpected { #expect(answer.code == nil) }
        return answer
    }

    mutating func rename(
        _ source: String, _ target: String, replaces: Bool = false, id: String = ""
    ) throws -> Result<Answer, DFSError> {
        let request = RenameRequest(
            source: try FileName(source), target: try FileName(target), replaces: replaces, id: id)
        return ask { .rename(request, $0) }.answer
    }

    mutating func remove(_ path: String, recursively: Bool = false, id: String = "") throws -> Result<Answer, DFSError>
    {
        let request = RemovalRequest(path: try FileName(path), isRecursive: recursively, id: id)
        return ask { .remove(request, $0) }.answer
    }

    mutating func setReplication(
        _ path: String, _ copies: Int
    ) throws -> (answer: Result<Answer, DFSError>, effects: [Effect]) {
        let path = try FileName(path)
        return ask { .setReplication(path, copies, $0) }
    }

    mutating func setAttributes(
        _ path: String, _ added: [String: String], removing removed: [String] = [], id: String = ""
    ) throws -> Result<Answer, DFSError> {
        let request = AttributesRequest(
            path: try FileName(path), added: try FileAttributes(added), removed: removed, id: id)
        return ask { .setAttributes(request, $0) }.answer
    }

    /// What a look at the path tells.
    mutating func attributes(_ path: String) throws -> [String: String] { try status(path).attributes.dictionary }

    mutating func trash() throws -> [TrashStatus] {
        guard case .trash(let entries, false) = try ask({ .listTrash(after: nil, limit: 0, $0) }).answer.get() else {
            throw WrongAnswer()
        }
        return entries
    }

    mutating func restore(_ id: String, to target: String? = nil) throws -> Result<Answer, DFSError> {
        let id = try PathPart(id)
        let target = try target.map { try FileName($0) }
        return ask { .restore(id, to: target, request: "", $0) }.answer
    }

    mutating func emptyTrash() -> Result<Answer, DFSError> { ask { .emptyTrash(nil, request: "", $0) }.answer }
}

extension FileAttributes {
    /// Of names that are short and simple.
    init(_ dictionary: [String: String]) throws(DFSError) {
        try self.init(dictionary.map { ($0.key, $0.value) })
    }

    var dictionary: [String: String] { Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0.value) }) }
}
