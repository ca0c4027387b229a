import DFSCore
import DFSServices
import DFSWire

extension MasterClient {
    /// As ``DFSClient/status(of:)``.
    public func status(of path: String) async throws -> FileStatus {
        let path = try RemotePath(path).text
        try await requireSwift("stat")
        let response = try await call(Methods.stat, StatRequest(path: path), as: StatResponse.self)
        return FileStatus(
            response.node, crc32c: response.crc32c,
            attributes: try FileAttributes(from: response.attributes, of: peer.name))
    }

    /// As ``DFSClient/list(_:)``.
    public func list(_ folder: String) -> Listing<FileStatus> {
        Listing { [self] cursor in
            let folder = try RemotePath(folder).text
            try await requireSwift("list folders")
            let request = ListRequest(folder: folder, after: cursor)
            let response = try await call(Methods.list, request, as: ListResponse.self)
            return (response.nodes.map { FileStatus($0) }, response.hasMore ? response.nodes.last?.name : nil)
        }
    }

    /// As ``DFSClient/makeFolder(_:)``.
    public func makeFolder(_ path: String) async throws {
        let path = try RemotePath(path).named("make")
        try await requireSwift("make folders")
        _ = try await call(Methods.makeFolder, MakeFolderRequest(path: path), as: MakeFolderResponse.self)
    }

    /// As ``DFSClient/rename(_:to:replacing:)``.
    public func rename(_ source: String, to target: String, replacing: Bool = false) async throws {
        let request = RenameRequest(
            source: try RemotePath(source).named("move"), target: try RemotePath(target).named("replace"),
            replaces: replacing, requestID: Self.requestID())
        try await requireSwift("rename")
        _ = try await call(Methods.rename, request, as: RenameResponse.self)
    }

    /// As ``DFSClient/remove(_:recursively:)``.
    public func remove(_ path: String, recursively: Bool = false) async throws {
        let request = RemoveRequest(
            path: try RemotePath(path).named("remove"), isRecursive: recursively, requestID: Self.requestID())
        try await requireSwift("remove files")
        _ = try await call(Methods.remove, request, as: RemoveResponse.self)
    }

    /// As ``DFSClient/setReplication(_:of:)``.
    public func setReplication(_ copies: Int, of path: String) async throws {
        let request = SetReplicationRequest(
            path: try RemotePath(path).named("change"), replication: UInt32(clamping: copies))
        try await requireSwift("change the number of copies")
        _ = try await call(Methods.setReplication, request, as: SetReplicationResponse.self)
    }

    /// As ``DFSClient/setAttributes(_:removing:of:)``.
    public func setAttributes(
        _ attributes: FileAttributes, removing names: [String] = [], of path: String
    ) async throws {
        let request = SetAttributesRequest(
            path: try RemotePath(path).named("change"), added: attributes.wire, removed: names,
            requestID: Self.requestID())
        try await requireSwift("keep attributes")
        _ = try await call(Methods.setAttributes, request, as: SetAttributesResponse.self)
    }

    /// As ``DFSClient/trash()``.
    public func trash() -> Listing<TrashEntry> {
        Listing { [self] cursor in
            try await requireSwift("list its trash")
            let response = try await call(
                Methods.listTrash, ListTrashRequest(after: cursor), as: ListTrashResponse.self)
            return (response.entries.map { TrashEntry($0) }, response.hasMore ? response.entries.last?.id : nil)
        }
    }

    /// As ``DFSClient/restore(_:to:)``.
    public func restore(_ id: String, to target: String? = nil) async throws {
        let target = try target.map { try RemotePath($0).named("replace") } ?? ""
        try await requireSwift("restore from the trash")
        let request = RestoreRequest(id: id, target: target, requestID: Self.requestID())
        _ = try await call(Methods.restore, request, as: RestoreResponse.self)
    }

    /// As ``DFSClient/emptyTrash(_:)``.
    public func emptyTrash(_ id: String? = nil) async throws {
        try await requireSwift("empty its trash")
        let request = EmptyTrashRequest(id: id ?? "", requestID: Self.requestID())
        _ = try await call(Methods.emptyTrash, request, as: EmptyTrashResponse.self)
    }

    /// - Throws: ``DFSError`` of code `unimplemented` under a Go master.
    func requireSwift(_ wish: String) async throws(DFSError) {
        guard try await isSwift() else { throw cannot(wish) }
    }

    func cannot(_ wish: String) -> DFSError {
        DFSError(.unimplemented, "\(peer.name) is a Go master, which cannot \(wish)")
    }

    /// Names a change, so that the master does not make it twice when it is asked again.
    static func requestID() -> String {
        hex(.random(in: 0 ... .max), digits: 16) + hex(.random(in: 0 ... .max), digits: 16)
    }
}

extension FileAttributes {
    /// What a master tells.
    ///
    /// - Throws: ``DFSError`` of code `dataLoss` for what no file can have.
    init(from attributes: [Attribute], of master: String) throws(DFSError) {
        do {
            try self.init(attributes.lazy.map { ($0.name, $0.value) })
        } catch {
            throw DFSError(.dataLoss, "\(master) gave bad attributes: \(error.message)")
        }
    }

    var wire: [Attribute] { all.map { Attribute(name: $0.name, value: $0.value) } }
}

/// A path as people write it: `/` at either end may be there or not, and alone it is the root.
struct RemotePath {
    /// As the master takes it; empty for the root.
    let text: String

    init(_ path: String) throws(DFSError) {
        var trimmed = path.utf8[...]
        if trimmed.first == UInt8(ascii: "/") { trimmed.removeFirst() }
        if trimmed.last == UInt8(ascii: "/") { trimmed.removeLast() }
        text = trimmed.isEmpty ? "" : try FileName(String(Substring(trimmed))).text
    }

    /// The path of something that is not the root.
    func named(_ wish: String) throws(DFSError) -> String {
        guard !text.isEmpty else { throw DFSError(.invalidArgument, "cannot \(wish) the root folder") }
        return text
    }
}
