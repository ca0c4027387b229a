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
        routes.unary(Methods.open) { try await open($0, $1) }
        routes.unary(Methods.securePort) { (request: SecurePortRequest, _) in
            SecurePortResponse(port: UInt32(securePorts.port(of: try ServerAddress(request.server))))
        }
    }

    private func create(_ request: CreateRequest, _ call: ServerCall) async throws -> CreateResponse {
        let name = try FileName(request.name)
        let replication = request.replication == 0 ? nil : Int(request.replication)
        let answer = try await metadata.ask { .create(name, replication: replication, call.connection, $0) }
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
        _ = try await metadata.ask { .abandon(upload, $0) }
        return AbandonResponse()
    }

    private func open(_ request: OpenRequest, _ call: ServerCall) async throws -> OpenResponse {
        let name = try FileName(request.name)
        guard case .opened(let file) = try await metadata.ask({ .open(name, call.connection, $0) }) else {
            throw MismatchedAnswer.error
        }
        return OpenResponse(length: file.length, chunkSize: file.chunkSize, chunks: file.chunks.map(OpenChunk.init))
    }
}

extension OpenChunk {
    fileprivate init(_ chunk: LocatedChunk) {
        self.init(
            digest: ChunkDigest(chunkID: chunk.id.text, length: chunk.digest.length, crc32c: chunk.digest.crc32c),
            digestKnown: true, version: chunk.version, servers: chunk.servers.map(\.description))
    }
}
