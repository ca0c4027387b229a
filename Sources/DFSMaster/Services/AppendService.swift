import DFSCore
import DFSMetadata
import DFSServices
import DFSWire
import RPC

/// `dfs.Append` and `dfs.Leases`: the master for appenders, and for the primaries of open chunks.
struct AppendService: Sendable {
    let metadata: MetadataManager

    func add(to routes: inout ServiceRoutes) {
        routes.unary(Methods.openAppend) { (request: OpenAppendRequest, _) in try await open(request) }
        routes.unary(Methods.closeAppend) { (request: CloseAppendRequest, _) in
            let name = try FileName(request.name)
            _ = try await metadata.ask { .closeAppend(name, writer: request.writerID, $0) }
            return CloseAppendResponse()
        }
        routes.unary(Methods.renewLeases) { try await renew($0, $1) }
    }

    private func open(_ request: OpenAppendRequest) async throws -> OpenAppendResponse {
        let failed =
            request.failedChunk.isEmpty
            ? nil : OpenVersion(chunk: try ChunkID(request.failedChunk), version: request.failedVersion)
        let wish = DFSMetadata.AppendRequest(
            name: try FileName(request.name), writer: request.writerID, isExclusive: request.isExclusive,
            failed: failed, excluded: try request.excluded.map { text throws(DFSError) in try ServerAddress(text) })
        guard case .appending(let place) = try await metadata.ask({ .openAppend(wish, $0) }) else {
            throw MismatchedAnswer.error
        }
        return OpenAppendResponse(
            chunkID: place.chunk.chunk.text, version: place.chunk.version, servers: place.servers.map(\.description),
            start: place.start, chunkSize: place.chunkSize, claimMilliseconds: place.claim.milliseconds)
    }

    private func renew(_ request: RenewLeasesRequest, _ call: ServerCall) async throws -> RenewLeasesResponse {
        let ended = try request.ended.map { ended in
            (
                chunk: try OpenVersion(ended.chunk),
                failed: try ended.failed.map { text throws(DFSError) in try ServerAddress(text) }
            )
        }
        let renewal = LeaseRequest(
            address: try ServerAddress(registered: request.serverAddress, by: call.peerHost), nodeID: request.nodeID,
            connection: call.connection, held: try request.held.map { try OpenVersion($0) }, ended: ended)
        guard case .leases(let answer) = try await metadata.ask({ .renewLeases(renewal, $0) }) else {
            throw MismatchedAnswer.error
        }
        let granted = answer.granted.map { grant in
            Lease(
                chunk: OpenChunkVersion(chunkID: grant.chunk.chunk.text, version: grant.chunk.version),
                servers: grant.servers.map(\.description), chunkSize: grant.chunkSize)
        }
        return RenewLeasesResponse(
            leaseMilliseconds: answer.lease.milliseconds, granted: granted, refused: answer.refused.map(\.text))
    }
}

extension OpenVersion {
    fileprivate init(_ wire: OpenChunkVersion) throws {
        self.init(chunk: try ChunkID(wire.chunkID), version: wire.version)
    }
}

extension Duration {
    fileprivate var milliseconds: UInt32 { UInt32(clamping: nanoseconds / 1_000_000) }
}
