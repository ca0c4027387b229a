import DFSCore
import DFSMetadata
import DFSServices
import DFSWire
import RPC

/// `dfs.Cluster`: what operators ask of the chunk servers and of the files' replicas.
struct ClusterService: Sendable {
    let metadata: MetadataManager

    func add(to routes: inout ServiceRoutes) {
        routes.unary(Methods.listServers) { (request: ListServersRequest, _) in
            let answer = try await metadata.read {
                .listServers(from: Int(request.start), limit: Int(request.limit), $0)
            }
            guard case .servers(let servers, let hasMore) = answer else { throw MismatchedAnswer.error }
            return ListServersResponse(servers: servers.map { ServerStatus($0) }, hasMore: hasMore)
        }
        routes.unary(Methods.checkFiles) { (request: CheckFilesRequest, _) in
            let check = CheckRequest(
                path: request.path.isEmpty ? nil : try FileName(request.path),
                after: try request.after.map { try CheckCursor($0) }, withChunks: request.withChunks)
            // A page is more work than other questions: it is not done on the thread of a connection.
            guard case .checked(let page) = try await metadata.ask({ .checkFiles(check, $0) }) else {
                throw MismatchedAnswer.error
            }
            return CheckFilesResponse(
                files: page.files.map { CheckedFile($0) }, end: page.end.map { CheckPosition($0) },
                isStarting: page.isStarting)
        }
    }
}

extension ServerStatus {
    fileprivate init(_ server: ServerStanding) {
        self.init(
            address: server.address.description, kind: server.kind.rawValue, nodeID: server.nodeID,
            isAlive: server.isAlive, lastHeardAt: server.lastHeardAt, freeBytes: server.freeBytes,
            chunkCount: UInt32(server.chunkCount), orphanCount: UInt32(server.orphanCount),
            location: server.location.description, state: server.adminState.name, usedBytes: server.usedBytes,
            copiesOut: UInt32(clamping: server.copiesOut), copiesIn: UInt32(clamping: server.copiesIn),
            deletions: UInt32(clamping: server.deletions), silentSeconds: server.silentSeconds)
    }
}

extension CheckCursor {
    fileprivate init(_ position: CheckPosition) throws(DFSError) {
        var parts: [PathPart] = []
        for part in position.parts { parts.append(try PathPart(part)) }
        self.init(parts: parts, chunks: Int(position.chunks))
    }
}

extension CheckPosition {
    fileprivate init(_ position: CheckCursor) {
        self.init(parts: position.parts.map(\.text), chunks: UInt32(position.chunks))
    }
}

extension CheckedFile {
    fileprivate init(_ file: FileCheck) {
        self.init(
            path: file.path, isOpen: file.isOpen, length: file.length, replication: UInt32(file.replication),
            chunkCount: UInt32(file.chunkCount), firstChunk: UInt32(file.firstChunk),
            healthyChunks: UInt32(file.healthyChunks), underReplicatedChunks: UInt32(file.underReplicatedChunks),
            missingChunks: UInt32(file.missingChunks), chunks: file.chunks.map { CheckedChunk($0) },
            isAppended: file.isAppended)
    }
}

extension CheckedChunk {
    fileprivate init(_ chunk: ChunkCheck) {
        self.init(
            digest: ChunkDigest(
                chunkID: chunk.id.text, length: chunk.digest?.length ?? 0, crc32c: chunk.digest?.crc32c ?? 0),
            digestKnown: chunk.digest != nil, servers: chunk.servers.map(\.description))
    }
}
