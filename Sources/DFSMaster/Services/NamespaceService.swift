import DFSCore
import DFSMetadata
import DFSServices
import DFSWire
import RPC

/// `dfs.Namespace`: the master for our own clients.
struct NamespaceService: Sendable {
    let metadata: MetadataManager
    let securePorts: SecurePorts

    func add(to routes: inout ServiceRoutes) {
        routes.unary(Methods.create) { try await create($0, $1) }
        routes.unary(Methods.complete) { try await complete($0, $1) }
        routes.unary(Methods.abandon) { try await abandon($0, $1) }
        routes.unary(Methods.uploadState) { try await uploadState($0, $1) }
        routes.unary(Methods.open) { try await open($0, $1) }
        routes.unary(Methods.stat) { (request: StatRequest, _) in try await stat(request) }
        routes.unary(Methods.list) { (request: ListRequest, _) in try await list(request) }
        routes.unary(Methods.makeFolder) { (request: MakeFolderRequest, _) in
            let path = try FileName(request.path)
            _ = try await metadata.ask { .makeFolder(path, $0) }
            return MakeFolderResponse()
        }
        routes.unary(Methods.rename) { (request: DFSWire.RenameRequest, _) in
            let change = DFSMetadata.RenameRequest(
                source: try FileName(request.source), target: try FileName(request.target),
                replaces: request.replaces, id: request.requestID)
            _ = try await metadata.ask { .rename(change, $0) }
            return RenameResponse()
        }
        routes.unary(Methods.remove) { (request: RemoveRequest, _) in
            let removal = RemovalRequest(
                path: try FileName(request.path), isRecursive: request.isRecursive, id: request.requestID)
            _ = try await metadata.ask { .remove(removal, $0) }
            return RemoveResponse()
        }
        routes.unary(Methods.setReplication) { (request: SetReplicationRequest, _) in
            let path = try FileName(request.path)
            _ = try await metadata.ask { .setReplication(path, Int(request.replication), $0) }
            return SetReplicationResponse()
        }
        routes.unary(Methods.setAttributes) { (request: SetAttributesRequest, _) in
            let change = AttributesRequest(
                path: try FileName(request.path), added: try FileAttributes(wire: request.added),
                removed: request.removed, id: request.requestID)
            _ = try await metadata.ask { .setAttributes(change, $0) }
            return SetAttributesResponse()
        }
        routes.unary(Methods.reportDamage) { (request: ReportDamageRequest, _) in
            let (chunk, server) = (try ChunkID(request.chunkID), try ServerAddress(request.server))
            _ = try await metadata.ask { .damage(chunk, at: server, $0) }
            return ReportDamageResponse()
        }
        routes.unary(Methods.securePort) { (request: SecurePortRequest, _) in
            SecurePortResponse(port: UInt32(securePorts.port(of: try ServerAddress(request.server))))
        }
    }

    private func create(_ request: CreateRequest, _ call: ServerCall) async throws -> CreateResponse {
        let creation = CreationRequest(
            name: try FileName(request.name), replication: request.replication == 0 ? nil : Int(request.replication),
            replaces: request.replaces, id: request.requestID, attributes: try FileAttributes(wire: request.attributes),
            keepSeconds: request.keepSeconds, connection: call.connection)
        let answer = try await metadata.ask { .create(creation, $0) }
        guard case .created(let upload, let chunkSize, let copies) = answer else { throw MismatchedAnswer.error }
        return CreateResponse(uploadID: upload.uploadID, chunkSize: chunkSize, replication: UInt32(copies))
    }

    private func complete(_ request: CompleteRequest, _ call: ServerCall) async throws -> CompleteResponse {
        guard request.replicas.count == request.chunks.count else {
            throw DFSError(
                .invalidArgument,
                "\(request.chunks.count) chunks come with replicas for \(request.replicas.count); name them for each")
        }
        var chunks: [WrittenChunk] = []
        for (digest, replicas) in zip(request.chunks, request.replicas) {
            let servers = try replicas.servers.map { text throws(DFSError) in try ServerAddress(text) }
            chunks.append(
                WrittenChunk(
                    id: try ChunkID(digest.chunkID), digest: Digest(length: digest.length, crc32c: digest.crc32c),
                    servers: servers))
        }
        let completion = CompletionRequest(
            upload: try FileID(request: request.uploadID), connection: call.connection, chunks: chunks)
        _ = try await metadata.ask { .complete(completion, $0) }
        return CompleteResponse()
    }

    private func abandon(_ request: AbandonRequest, _ call: ServerCall) async throws -> AbandonResponse {
        let upload = try FileID(request: request.uploadID)
        _ = try await metadata.ask { request.keeps ? .leave(upload, call.connection, $0) : .abandon(upload, $0) }
        return AbandonResponse()
    }

    private nonisolated(nonsending) func open(
        _ request: OpenRequest, _ call: ServerCall
    ) async throws -> OpenResponse {
        let name = try FileName(request.name)
        let reader = try call.location()
        guard case .opened(let file) = try await metadata.read({ .open(name, near: reader, call.connection, $0) })
        else {
            throw MismatchedAnswer.error
        }
        return OpenResponse(
            length: file.length, chunkSize: file.chunkSize, chunks: file.chunks.map(OpenChunk.init),
            attributes: file.attributes.wire)
    }
}

extension NamespaceService {
    private func uploadState(_ request: UploadStateRequest, _ call: ServerCall) async throws -> UploadStateResponse {
        let upload = try FileID(request: request.uploadID)
        if request.renews {
            _ = try await metadata.ask { .renewUpload(upload, call.connection, $0) }
            return UploadStateResponse()
        }
        // It may name very many chunks: that is not done on the thread of a connection.
        guard case .uploadState(let state) = try await metadata.ask({ .uploadState(upload, $0) }) else {
            throw MismatchedAnswer.error
        }
        return UploadStateResponse(
            keepSeconds: state.keepSeconds, allocatedCount: UInt32(state.allocatedCount),
            chunks: state.chunks.map(OpenChunk.init), mayGrow: state.mayGrow)
    }

    private nonisolated(nonsending) func stat(_ request: StatRequest) async throws -> StatResponse {
        let path = request.path.isEmpty ? nil : try FileName(request.path)
        guard case .status(let node) = try await metadata.read({ .lookUp(path, $0) }) else {
            throw MismatchedAnswer.error
        }
        return StatResponse(node: FileStatus(node), crc32c: node.crc32c, attributes: node.attributes.wire)
    }

    private func list(_ request: ListRequest) async throws -> ListResponse {
        let folder = request.folder.isEmpty ? nil : try FileName(request.folder)
        let cursor = request.after.isEmpty ? nil : try PathPart(request.after)
        let answer = try await metadata.read { .list(folder, after: cursor, limit: Int(request.limit), $0) }
        guard case .listed(let nodes, let hasMore) = answer else { throw MismatchedAnswer.error }
        return ListResponse(nodes: nodes.map { FileStatus($0) }, hasMore: hasMore)
    }
}

extension FileStatus {
    init(_ node: NodeStatus) {
        self.init(
            name: node.name, isFolder: node.kind == .folder, length: node.length,
            replication: UInt32(node.replication), chunkCount: UInt32(node.chunkCount), createdAt: node.createdAt,
            modifiedAt: node.modifiedAt, isAppended: node.isAppended)
    }
}

extension FileAttributes {
    /// - Throws: ``DFSError`` of code ``DFSError/Code/invalidArgument``.
    fileprivate init(wire attributes: [Attribute]) throws(DFSError) {
        try self.init(attributes.lazy.map { ($0.name, $0.value) })
    }

    fileprivate var wire: [Attribute] { all.map { Attribute(name: $0.name, value: $0.value) } }
}

extension OpenChunk {
    fileprivate init(_ chunk: LocatedChunk) {
        self.init(
            digest: ChunkDigest(
                chunkID: chunk.id.text, length: chunk.digest?.length ?? 0, crc32c: chunk.digest?.crc32c ?? 0),
            digestKnown: chunk.digest != nil, version: chunk.version, servers: chunk.servers.map(\.description))
    }
}
