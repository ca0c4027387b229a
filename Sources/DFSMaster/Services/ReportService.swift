import DFSCore
import DFSMetadata
import DFSServices
import DFSWire
import RPC

/// `dfs.ChunkReports`, `dfs.Inventory` and `dfs.Node`: the master for our own chunk servers, and for all who ask what it is.
struct ReportService: Sendable {
    let metadata: MetadataManager
    let description: DescribeResponse
    let securePorts: SecurePorts
    let heartbeats: HeartbeatManager

    func add(to routes: inout ServiceRoutes) {
        routes.streaming(Methods.keepInventory, maxReceive: InventoryRequest.maxByteCount) {
            try await heartbeats.serveInventory($0, metadata, securePorts)
        }
        routes.unary(Methods.report) { try await report($0, $1) }
        routes.unary(Methods.uploadTargets) { try await uploadTargets($0, $1) }
        routes.unary(Methods.describe) { (_: DescribeRequest, _) in description }
    }

    private func uploadTargets(_ request: UploadTargetsRequest, _ call: ServerCall) async throws
        -> UploadTargetsResponse
    {
        let asker = try ServerAddress(registered: request.serverAddress, by: call.peerHost)
        let chunk = try ChunkID(request.chunkID)
        guard case .targets(let servers) = try await metadata.read({ .targets(chunk, asker: asker, $0) }) else {
            throw MismatchedAnswer.error
        }
        return UploadTargetsResponse(servers: servers.map(\.description))
    }

    private func report(_ request: ReportRequest, _ call: ServerCall) async throws -> ReportResponse {
        let replicas = request.chunks.compactMap { digest -> (ChunkID, Digest)? in
            guard let id = try? ChunkID(digest.chunkID) else { return nil }
            return (id, Digest(length: digest.length, crc32c: digest.crc32c))
        }
        let report = ReplicaReport(
            address: try ServerAddress(registered: request.serverAddress, by: call.peerHost), nodeID: request.nodeID,
            connection: call.connection, replicas: replicas,
            adopted: Set(request.chunks.filter(\.isAdopted).compactMap { try? ChunkID($0.chunkID) }),
            syncedOn: request.syncedOn.compactMap { try? ServerAddress($0) },
            damaged: request.damagedChunks.compactMap { try? ChunkID($0) },
            keptDamaged: request.keptDamagedChunks.compactMap { try? ChunkID($0) })
        guard case .reported(let unwanted, let expendable) = try await metadata.ask({ .report(report, $0) }) else {
            throw MismatchedAnswer.error
        }
        securePorts.note(report.address, port: request.tlsPort)
        return ReportResponse(
            clusterID: description.clusterID, unwantedChunks: unwanted.map(\.text),
            expendableChunks: expendable.map(\.text))
    }
}
